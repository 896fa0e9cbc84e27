import * as v from 'valibot'

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
}
const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `512MB`, `1 GiB` -> bytes */
export const size: v.GenericSchema<unknown, number> = v.pipe(
  v.string(),
  v.regex(/^\d+(?:\.\d+)? ?(?:B|[KMG]i?B)$/i, 'expected a size such as 512MB or 1GiB'),
  v.transform((text) => Math.round(Number.parseFloat(text) * (BYTES[text.replace(/[\d. ]/g, '').toUpperCase()] ?? 1))),
)

/** `500ms`, `10s`, `2m`, `7d` -> milliseconds */
export const duration: v.GenericSchema<unknown, number> = v.pipe(
  v.string(),
  v.regex(/^\d+(?:\.\d+)? ?(?:ms|s|m|h|d)$/, 'expected a duration such as 500ms, 10s, 2m or 7d'),
  v.transform((text) => Math.round(Number.parseFloat(text) * (MILLISECONDS[text.replace(/[\d. ]/g, '')] ?? 1))),
)

const wholeNumber = v.pipe(
  v.union(
    [v.number(), v.pipe(v.string(), v.regex(/^\d+$/, 'expected a number'), v.transform(Number))],
    'expected a number',
  ),
  v.integer('expected a whole number'),
)

export const parallel: v.GenericSchema<unknown, number> = v.pipe(
  wholeNumber,
  v.minValue(1, 'expected at least 1'),
  v.maxValue(64, 'expected at most 64'),
)
export const count: v.GenericSchema<unknown, number> = v.pipe(wholeNumber, v.minValue(0, 'expected 0 or more'))

/** `5%`, `0.05` -> 0.05 */
export const share: v.GenericSchema<unknown, number> = v.pipe(
  v.union(
    [
      v.pipe(v.number(), v.minValue(0)),
      v.pipe(v.string(), v.regex(/^\d+(?:\.\d+)?%?$/, 'expected a share such as 5% or 0.05')),
    ],
    'expected a share such as 5% or 0.05',
  ),
  v.transform((value) => (String(value).endsWith('%') ? Number.parseFloat(String(value)) / 100 : Number(value))),
)

/** `[spark, polars]`, `spark,polars` -> some of `choices`, each once */
export function someOf(choices: readonly string[]): v.GenericSchema<unknown, string[]> {
  const each = v.array(v.picklist(choices))
  const split = v.transform((text: string) => text.split(',').map((part) => part.trim()))
  return v.pipe(
    v.union([each, v.pipe(v.string(), split, each)], `expected some of ${choices.join(', ')}`),
    v.transform((names) => [...new Set(names)]),
  )
}

export const flag: v.GenericSchema<unknown, boolean> = v.pipe(
  v.union([v.boolean(), v.picklist(['true', 'false'])], 'expected true or false'),
  v.transform((value) => value === true || value === 'true'),
)
