import type { ErrorCode } from 'yaml'

/** https://eemeli.org/yaml/#errors */
const MISTAKES: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) with an anchor or a tag',
  BAD_ALIAS: 'an alias (*name) without an anchor; quote a text that begins with *',
  BAD_DQ_ESCAPE: 'an unknown escape after \\ in double quotes; use single quotes',
  BAD_INDENT: 'wrong indentation',
  BAD_SCALAR_START: 'a text that begins with % @ or `; quote it',
  BLOCK_AS_IMPLICIT_KEY: 'two keys on one line; quote a text that contains a colon',
  DUPLICATE_KEY: 'a duplicate key',
  MISSING_CHAR: 'a missing quote, bracket, or colon after a key',
  MULTILINE_IMPLICIT_KEY: 'a key without a colon, or a text without its closing quote',
  MULTIPLE_DOCS: 'a second document (---)',
  TAB_AS_INDENT: 'a tab at the beginning of a line; use spaces',
  TAG_RESOLVE_FAILED: 'an unknown tag (!name); quote a text that begins with !',
  UNEXPECTED_TOKEN: 'unexpected characters; quote a text that contains : # or one of | > [ ] { }',
}

/** Describes a YAML error without repeating the text, which may contain secrets. */
export function yamlMistake(code: ErrorCode): string {
  return `not YAML: ${MISTAKES[code] ?? 'unexpected characters'}`
}
