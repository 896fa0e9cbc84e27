import { outputText } from './output-text.ts'
import type { PgType } from './pg-type.ts'
import type { TypeMapping } from './type-mapping.ts'

/**
 * Encodings that Postgres can convert to UTF-8, by their IANA names (https://www.iana.org/assignments/character-sets),
 * or by a usual name if they have none: Postgres's name, and other common names.
 * https://www.postgresql.org/docs/18/multibyte.html#MULTIBYTE-CHARSET-SUPPORTED
 */
const ENCODINGS: Readonly<Record<string, readonly [postgres: string, ...others: string[]]>> = {
  'utf-8': ['UTF8'],
  'iso-8859-1': ['LATIN1', 'l1', 'cp819', 'ibm819'],
  'iso-8859-2': ['LATIN2', 'l2'],
  'iso-8859-3': ['LATIN3', 'l3'],
  'iso-8859-4': ['LATIN4', 'l4'],
  'iso-8859-5': ['ISO_8859_5', 'cyrillic'],
  'iso-8859-6': ['ISO_8859_6', 'arabic'],
  'iso-8859-7': ['ISO_8859_7', 'greek'],
  'iso-8859-8': ['ISO_8859_8', 'hebrew'],
  'iso-8859-9': ['LATIN5', 'l5'],
  'iso-8859-10': ['LATIN6', 'l6'],
  'iso-8859-13': ['LATIN7'],
  'iso-8859-14': ['LATIN8', 'l8'],
  'iso-8859-15': ['LATIN9'],
  'iso-8859-16': ['LATIN10', 'l10'],
  'windows-1250': ['WIN1250', 'cp1250'],
  'windows-1251': ['WIN1251', 'cp1251'],
  'windows-1252': ['WIN1252', 'cp1252', 'ansi'],
  'windows-1253': ['WIN1253', 'cp1253'],
  'windows-1254': ['WIN1254', 'cp1254'],
  'windows-1255': ['WIN1255', 'cp1255'],
  'windows-1256': ['WIN1256', 'cp1256'],
  'windows-1257': ['WIN1257', 'cp1257'],
  'windows-1258': ['WIN1258', 'cp1258'],
  'windows-874': ['WIN874', 'cp874'],
  ibm866: ['WIN866', 'cp866', 'dos-866'],
  'koi8-r': ['KOI8R'],
  'koi8-u': ['KOI8U'],
  // the variant of Microsoft, which is the one in use under this name
  shift_jis: ['SJIS', 'ms_kanji', 'windows-31j', 'cp932', 'windows-932'],
  'shift_jis-2004': ['SHIFT_JIS_2004'],
  'euc-jp': ['EUC_JP', 'ujis'],
  'euc-jis-2004': ['EUC_JIS_2004'],
  'euc-kr': ['EUC_KR'],
  'windows-949': ['UHC', 'cp949'],
  johab: ['JOHAB', 'cp1361'],
  gb2312: ['EUC_CN', 'euc-cn'],
  gbk: ['GBK', 'cp936', 'windows-936'],
  gb18030: ['GB18030'],
  big5: ['BIG5', 'cp950', 'windows-950'],
  'euc-tw': ['EUC_TW'],
}

/** Postgres's name of each encoding. */
export const POSTGRES_ENCODINGS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(ENCODINGS).map(([name, [postgres]]) => [name, postgres]),
)

/** The name of each encoding, by all of its names, as `SourceColumn.encodings` needs it. */
export const ENCODING_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(ENCODINGS).flatMap(([name, others]) =>
    [name, ...others].map((each) => [each.toLowerCase().replaceAll(/[^a-z0-9]/g, ''), name]),
  ),
)

/** Built-in types whose text comes from users and may be in any encoding. */
const TEXTS = ['text', 'varchar', 'bpchar', 'name', 'char', 'json', 'jsonb', 'xml']
/** Types that are derived from such texts. */
const MADE_OF_TEXTS = ['tsvector', 'tsquery', 'jsonpath', 'refcursor']
const EXTENSIONS = ['citext', 'hstore', 'ltree']

/** Adds the allowed types of a type that contains text. */
export function withBytes(mapping: TypeMapping, type: PgType): TypeMapping {
  const single = isText(type)
  if (!single && !isMadeOfText(type)) return mapping
  const text = isPlain(type) ? (column: string) => column : outputText
  const bytes = (column: string) => bytesOf(text(column))
  const choice: TypeMapping = { type: 'BLOB', verdict: 'exact', select: bytes, value: bytes, allowedTypes: {} }
  const withChoice = { ...mapping, allowedTypes: { ...mapping.allowedTypes, bytes: choice } }
  return single ? { ...withChoice, decoded: (encoding) => decode(mapping, text, encoding) } : withChoice
}

function isText({ schema, name, kind, extension, element }: PgType): boolean {
  if (element) return false
  if (kind === 'e' || extension === 'citext') return true
  return extension === null && schema === 'pg_catalog' && TEXTS.includes(name)
}

function isMadeOfText({ schema, name, kind, extension, element }: PgType): boolean {
  if (element) return isText(element) || isMadeOfText(element)
  if (kind === 'c' || EXTENSIONS.includes(extension ?? '')) return true
  return extension === null && schema === 'pg_catalog' && MADE_OF_TEXTS.includes(name)
}

/** True if the value is its text; a bpchar converted to text loses its padding. */
function isPlain({ schema, name, extension }: PgType): boolean {
  return extension === null && schema === 'pg_catalog' && (name === 'text' || name === 'varchar')
}

/** The bytes of a text as the database stores them, unchanged and unchecked. */
const bytesOf = (text: string) => `pg_catalog.convert_to(${text}, 'SQL_ASCII')`

/**
 * A text that is sent as UTF-8 bytes, since not every database can hold it as text. Postgres refuses bytes that are
 * invalid in the encoding.
 */
function decode(mapping: TypeMapping, text: (column: string) => string, encoding: string): TypeMapping {
  const encode = (kept: string) => `pg_catalog.convert(${bytesOf(kept)}, '${encoding}', 'UTF8')`
  const value = (column: string) => encode(text(column))
  return { type: mapping.type, verdict: 'exact', select: value, value, utf8: { text, encode }, allowedTypes: {} }
}
