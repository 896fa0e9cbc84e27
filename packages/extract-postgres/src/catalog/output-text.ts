/**
 * Texts from the output function of a type, as COPY sends them. A cast is different: the cast to text changes inet and
 * char, and like the cast to json, which `to_json` follows for every type that is not built in, it may be defined by an
 * extension or a user. `format` calls the output function and nothing else, also if a composite or an array contains
 * other types.
 */

/** NULL for a NULL value. A row of nulls is not NULL, although it IS NULL. */
export const outputText = (value: string): string =>
  `CASE WHEN ${value} IS DISTINCT FROM NULL THEN pg_catalog.format('%s', ${value}) END`

/** The same for a type whose text is never empty: the value is evaluated once. */
export const filledText = (value: string): string => `NULLIF(pg_catalog.format('%s', ${value}), '')`

/** A one-dimensional array of the texts of all elements. `text`: of one element. */
export const elementTexts = (array: string, text: (element: string) => string): string =>
  `ARRAY(SELECT ${text('u.e')} FROM (SELECT pg_catalog.unnest(${array}) AS e) AS u)`

/**
 * The same with the dimensions of the array, and NULL for NULL: the output of array_out, parsed as an array of text.
 * Three times as fast, for types whose elements are separated by commas: all except box, those of PostGIS and those
 * defined otherwise (`pg_type.typdelim`).
 */
export const arrayTexts = (array: string): string => `${filledText(array)}::pg_catalog.text[]`
