import { expect, test } from 'vitest'
import { ENCODINGS, findSecrets } from './find-secrets.ts'

const SECRET = 'c4n4ry/one+"two"\\three\'ü four'

test.each(Object.keys(ENCODINGS))('a leak as %s is found, wherever it stands', (encoding) => {
  for (const form of ENCODINGS[encoding]?.(SECRET) ?? []) {
    const hay = Buffer.concat([
      Buffer.from([0, 255, 7]),
      Buffer.from(form, encoding === 'utf16' ? 'latin1' : 'utf8'),
      Buffer.from('…'),
    ])
    expect(findSecrets(hay, { it: SECRET })).toContain(`it (${encoding})`)
  }
})

test.each(['', 'u', 'us', 'user:', 'somebody:'])('in the base64 of something longer, after %j', (before) => {
  for (const encoding of ['base64', 'base64url'] as const) {
    const whole = Buffer.from(`${before}${SECRET}@host`).toString(encoding)
    expect(findSecrets(`Authorization: Basic ${whole}`, { it: SECRET })).toContain(`it (${encoding})`)
  }
})

test('nothing is found where there is nothing', () => {
  expect(findSecrets('c4n4ry/one, and nothing else', { it: SECRET })).toEqual([])
})
