import type { ErrorCode } from 'yaml'

/** https://eemeli.org/yaml/#errors */
const MISTAKES: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) with an anchor or a tag',
  BAD_ALIAS: 'an alias (*name) that names nothing; quote a text that begins with *',
  BAD_DQ_ESCAPE: 'a \\ in double quotes that escapes nothing; single quotes take it as it is',
  BAD_INDENT: 'a line that is indented too little or too much',
  BAD_SCALAR_START: 'a text that begins with % @ or `; quote it',
  BLOCK_AS_IMPLICIT_KEY: 'two keys on one line; quote a text that holds a colon',
  DUPLICATE_KEY: 'a key that stands there twice',
  MISSING_CHAR: 'something that was not closed: a quote, a bracket, or the colon after a key',
  MULTILINE_IMPLICIT_KEY: 'a key without a colon, or a text without its closing quote',
  MULTIPLE_DOCS: 'a second document (---)',
  TAB_AS_INDENT: 'a tab at the beginning of a line; use spaces',
  TAG_RESOLVE_FAILED: 'a tag (!name) that is not known; quote a text that begins with !',
  UNEXPECTED_TOKEN: 'something that cannot stand there; quote a text that holds : # or one of | > [ ] { }',
}

/** What is wrong with a YAML text, in words that repeat nothing of it: it may hold secrets. */
export function yamlMistake(code: ErrorCode): string {
  return `not YAML: ${MISTAKES[code] ?? 'something that cannot stand there'}`
}
