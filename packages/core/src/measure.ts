/**
 * A measure of a column over all its rows, taken by the source and of the file. `values`: the number of values that
 * are not null. `min` and `max`: over the finite values; days count from 2000-01-01, times in microseconds from
 * midnight, timestamps in microseconds from 2000-01-01. `bytes`: the sum of the lengths in UTF-8, for a BLOB the sum
 * of its bytes. A list has `values`, `elements` (the number of all elements), and the other measures over the elements
 * of all rows, where `filled` replaces `values`.
 */
export type Measure = 'values' | 'elements' | 'filled' | 'sum' | 'min' | 'max' | 'nan' | 'infinite' | 'true' | 'bytes'
