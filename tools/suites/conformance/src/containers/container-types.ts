import type { Random } from './random.ts'

/** The kind of JSON value of a type. */
export type Form = 'boolean' | 'number' | 'money' | 'moment' | 'document' | 'object' | 'text'

export interface Leaf {
  readonly kind: 'leaf'
  readonly declared: string
  readonly form: Form
  readonly delimiter?: string
  readonly values: readonly string[]
}

export type AnyType =
  | Leaf
  | { readonly kind: 'composite'; readonly declared: string; readonly fields: readonly (readonly [string, AnyType])[] }
  | { readonly kind: 'array'; readonly declared: string; readonly of: AnyType }
  | { readonly kind: 'domain'; readonly declared: string; readonly of: AnyType }

const HOSTILE = [
  '',
  ' ',
  'null',
  'NULL',
  '"',
  '""',
  '\\',
  '\\"',
  "'",
  ',',
  '{}',
  '(,)',
  '{"a":1}',
  '[1]',
  'a\nb\r\t\u0001',
  'Zürich 🦆 \u2028',
  '$x$',
  '%s',
  '\\N',
  '\\x00',
]

const leaf = (declared: string, form: Form, values: readonly string[], delimiter?: string): Leaf => ({
  kind: 'leaf',
  declared,
  form,
  values,
  ...(delimiter === undefined ? {} : { delimiter }),
})

/** Types of Postgres and of extensions, with values at their limits. Dots and quotes belong to names in SQL. */
export const LEAVES: readonly Leaf[] = [
  leaf('bool', 'boolean', ['t', 'f']),
  leaf('int2', 'number', ['-32768', '0', '32767']),
  leaf('int4', 'number', ['-2147483648', '0', '2147483647']),
  leaf('int8', 'number', ['-9223372036854775808', '9007199254740993', '9223372036854775807']),
  leaf('float4', 'number', ['NaN', 'Infinity', '-Infinity', '-0', '0.3', '3.4028235e38', '1e-45']),
  leaf('float8', 'number', ['NaN', 'Infinity', '-Infinity', '-0', '0.1', '1.7976931348623157e308', '5e-324', '1e22']),
  leaf('numeric', 'number', ['NaN', 'Infinity', '-Infinity', '1.50', '-0.000', '12345678901234567890.123456789']),
  leaf('numeric(10,2)', 'number', ['1.50', '-99999999.99', '0']),
  leaf('money', 'money', ['0', '-1.50', '1234567.89']),
  leaf('text', 'text', HOSTILE),
  leaf('varchar(20)', 'text', HOSTILE),
  leaf('char(5)', 'text', ['', 'a', 'a  b', '"', 'NULL']),
  leaf('"char"', 'text', ['', 'a', '"', ',']),
  leaf('name', 'text', ['', 'a b', '"']),
  leaf('bytea', 'text', ['\\x', '\\x00ff5c22']),
  leaf('date', 'moment', ['infinity', '-infinity', '0044-03-15 BC', '2026-02-18', '20000-01-01']),
  leaf('time', 'text', ['24:00:00', '03:04:05.000001']),
  leaf('timetz', 'text', ['03:04:05+05:30']),
  leaf('timestamp', 'moment', [
    'infinity',
    '2026-02-18 03:04:05.123456',
    '0044-03-15 12:00:00 BC',
    '20000-01-01 00:00:00',
  ]),
  leaf('timestamptz', 'moment', ['-infinity', '2026-02-18 03:04:05.1+05:30', '0044-03-15 12:00:00+00 BC']),
  leaf('interval', 'text', ['1 year -2 days', '-00:00:00.000001']),
  leaf('uuid', 'text', ['2f1c1d6a-0f5e-4d52-8d5c-0b1f6c9e7a11']),
  leaf('json', 'document', ['null', ' {"b": 1,  "a": "\\u0041"}', '"x"', '[1, 2]', '12345678901234567890.10']),
  leaf('jsonb', 'document', ['null', '{"b": 1.10}', '"x\\n"', '[]']),
  leaf('inet', 'text', ['::1', '10.0.0.0/8']),
  leaf('oid', 'text', ['0', '4294967295']),
  leaf('box', 'text', ['(2,2),(1,1)'], ';'),
  leaf('point', 'text', ['(0.1,-0)']),
  leaf('int2vector', 'text', ['', '1 2']),
  leaf('xml', 'text', ['', '<a b="c">&amp;</a>']),
  leaf('tsvector', 'text', ['', "'a''b':1"]),
  leaf('int4range', 'text', ['empty', '[1,5)', '(,)']),
  leaf('tstzmultirange', 'text', ['{}', '{["2026-02-18 00:00:00+00",)}']),
  leaf('public.citext', 'text', HOSTILE),
  leaf('public.ltree', 'text', ['', 'a.b']),
  leaf('public.hstore', 'object', ['', '"a"=>"1", "b c"=>NULL', '"\\"\\\\"=>"\\"\\\\\\n", ""=>""']),
  leaf('mine.level', 'text', ['low', 'high', '', 'it"s, {ok}']),
  leaf('mine.shade', 'text', HOSTILE, ';'),
  leaf('mine.levels', 'text', ['empty', '[low,high]', '(,)']),
  leaf('mine.shades', 'text', ['empty', '["a,\\"b","c d")', '(,)']),
  leaf('mine.many', 'text', ['{}', '{[low,low],[high,high]}']),
]

/**
 * Types with lossy casts to json and to text, for each kind of type that can have casts: an enum, a base type, ranges
 * over both, a composite.
 */
export const SETUP: string = `
  CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION ltree SCHEMA public; CREATE EXTENSION hstore SCHEMA public;
  CREATE SCHEMA mine;
  CREATE TYPE mine.level AS ENUM ('low', 'high', '', 'it"s, {ok}');
  CREATE TYPE mine.levels AS RANGE (subtype = mine.level, multirange_type_name = mine.many);
  CREATE TYPE mine.shade;
  CREATE FUNCTION mine.shade_in(cstring) RETURNS mine.shade LANGUAGE internal IMMUTABLE STRICT AS 'textin';
  CREATE FUNCTION mine.shade_out(mine.shade) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
  CREATE TYPE mine.shade (INPUT = mine.shade_in, OUTPUT = mine.shade_out, LIKE = text, DELIMITER = ';');
  CREATE FUNCTION mine.shade_lt(mine.shade, mine.shade) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'bytealt';
  CREATE FUNCTION mine.shade_le(mine.shade, mine.shade) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'byteale';
  CREATE FUNCTION mine.shade_eq(mine.shade, mine.shade) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'byteaeq';
  CREATE FUNCTION mine.shade_ge(mine.shade, mine.shade) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'byteage';
  CREATE FUNCTION mine.shade_gt(mine.shade, mine.shade) RETURNS bool LANGUAGE internal IMMUTABLE STRICT AS 'byteagt';
  CREATE FUNCTION mine.shade_cmp(mine.shade, mine.shade) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'byteacmp';
  CREATE OPERATOR mine.< (LEFTARG = mine.shade, RIGHTARG = mine.shade, FUNCTION = mine.shade_lt);
  CREATE OPERATOR mine.<= (LEFTARG = mine.shade, RIGHTARG = mine.shade, FUNCTION = mine.shade_le);
  CREATE OPERATOR mine.= (LEFTARG = mine.shade, RIGHTARG = mine.shade, FUNCTION = mine.shade_eq);
  CREATE OPERATOR mine.>= (LEFTARG = mine.shade, RIGHTARG = mine.shade, FUNCTION = mine.shade_ge);
  CREATE OPERATOR mine.> (LEFTARG = mine.shade, RIGHTARG = mine.shade, FUNCTION = mine.shade_gt);
  CREATE OPERATOR CLASS mine.shades_by_text DEFAULT FOR TYPE mine.shade USING btree AS OPERATOR 1 mine.<, OPERATOR 2 mine.<=, OPERATOR 3 mine.=,
    OPERATOR 4 mine.>=, OPERATOR 5 mine.>, FUNCTION 1 mine.shade_cmp(mine.shade, mine.shade);
  CREATE TYPE mine.shades AS RANGE (subtype = mine.shade);
  DO $$ DECLARE type text; BEGIN
    FOREACH type IN ARRAY ARRAY['level', 'levels', 'many', 'shade', 'shades'] LOOP ${castsSql('type')} END LOOP;
  END $$`

/** Casts that map all values to the same one. */
function castsSql(variable: string): string {
  return ['json', 'text']
    .map(
      (
        to,
      ) => `EXECUTE format('CREATE FUNCTION mine.%1$s_to_${to}(mine.%1$I) RETURNS ${to} LANGUAGE sql IMMUTABLE AS ''SELECT ''''0''''::${to}'';
      CREATE CAST (mine.%1$I AS ${to}) WITH FUNCTION mine.%1$s_to_${to}(mine.%1$I) AS IMPLICIT', ${variable});`,
    )
    .join(' ')
}

const FIELD_NAMES = [
  'a',
  'r',
  'u',
  'e',
  'whole',
  'texts',
  'A',
  'a b',
  'q"uote',
  "it's",
  'back\\slash',
  'Zürich',
  'null',
  'select',
  '%s',
]

/** Makes a random type, with the statements that create it in `sql`. Its innermost types are from `LEAVES`. */
export function anyType(random: Random, name: string, depth: number, sql: string[]): AnyType {
  const kind =
    depth === 0 ? 'leaf' : random.one(['composite', 'composite', 'array', 'array', 'domain', 'leaf'] as const)
  if (kind === 'leaf') return random.one(LEAVES)
  if (kind === 'composite') {
    const names = random.some(FIELD_NAMES, 1, 4)
    const fields = names.map((field, i) => [field, anyType(random, `${name}${i}`, depth - 1, sql)] as const)
    const declared = `mine.${name}`
    const list = fields.map(([field, type]) => `"${field.replaceAll('"', '""')}" ${type.declared}`)
    sql.push(`CREATE TYPE ${declared} AS (${list.join(', ')})`)
    if (random.chance(0.3)) sql.push(`DO $$ DECLARE type text := '${name}'; BEGIN ${castsSql('type')} END $$`)
    return { kind, declared, fields }
  }
  const of = anyType(random, `${name}x`, depth - 1, sql)
  if (kind === 'array' && of.kind !== 'array') return { kind, declared: `${of.declared}[]`, of }
  const declared = `mine.${name}`
  sql.push(`CREATE DOMAIN ${declared} AS ${of.declared}`)
  const domain: AnyType = { kind: 'domain', declared, of }
  return kind === 'domain' ? domain : { kind, declared: `${declared}[]`, of: domain }
}
