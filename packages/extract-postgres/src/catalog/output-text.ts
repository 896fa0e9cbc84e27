/**
 * Texts by the output function of a type, as COPY sends them. A cast is something else: that to text changes inet and char, and like the one to json, which `to_json` follows for every type that
 * is not built in, it may be one that an extension or a user has defined. `format` calls the output function and nothing else, also where a composite or an array holds further types.
 */

/** NULL where the value is, which a row of nulls is not, though it IS NULL. */
export const outputText = (value: string): string =>
  `CASE WHEN ${value} IS DISTINCT FROM NULL THEN pg_catalog.format('%s', ${value}) END`

/** The same of a type that never prints an empty text: the value is asked for once. */
export const filledText = (value: string): string => `NULLIF(pg_catalog.format('%s', ${value}), '')`

/** An array of the texts of an array's elements, in one dimension. `text`: of an element. */
export const elementTexts = (array: string, text: (element: string) => string): string =>
  `ARRAY(SELECT ${text('u.e')} FROM (SELECT pg_catalog.unnest(${array}) AS e) AS u)`

/**
 * The same with the array's dimensions, and NULL for NULL: what array_out writes, read as an array of text. Three times as fast, for types whose elements stand between commas, as all but box, those of
 * PostGIS and whoever wanted it otherwise do (`pg_type.typdelim`).
 */
export const arrayTexts = (array: string): string => `${filledText(array)}::pg_catalog.text[]`
