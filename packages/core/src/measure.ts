/**
 * What is measured of a column, over all of its rows, by the source and of the file. `values`: those that are not
 * null. `min` and `max`: of those that are finite. Days count from
 * 2000-01-01, times and timestamps in microseconds from midnight and from 2000-01-01. `bytes`: the sum of their
 * lengths in UTF-8, of a BLOB as it is. Of a list: `values` and
 * `elements`, which counts all elements, and the others, with `filled` for `values`, over the elements of all rows.
 */
export type Measure = 'values' | 'elements' | 'filled' | 'sum' | 'min' | 'max' | 'nan' | 'infinite' | 'true' | 'bytes'
