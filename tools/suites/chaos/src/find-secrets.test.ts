import { expect, test } from 'vitest'
import { ENCODINGS, findSecrets } from './find-secrets.ts'

const SECRET = 'c4n4ry/one+"two"\\three\'ü four'

test.each(Object.keys(ENCODINGS))('a secret encoded as %s, at any position: found', (encoding) => {
  for (const form of ENCODINGS[encoding]?.(SECRET) ?? []) {
    const hay = Buffer.concat([
      Buffer.from([0, 255, 7]),
      Buffer.from(form, encoding === 'utf16' ? 'latin1' : 'utf8'),
      Buffer.from('…'),
    ])
    expect(findSecrets(hay, { it: SECRET })).toContain(`it (${encoding})`)
  }
})

test.each(['', 'u', 'us', 'user:', 'somebody:'])(
  'a secret inside a longer text in base64, after %j: found',
  (before) => {
    for (const encoding of ['base64', 'base64url'] as const) {
      const whole = Buffer.from(`${before}${SECRET}@host`).toString(encoding)
      expect(findSecrets(`Authorization: Basic ${whole}`, { it: SECRET })).toContain(`it (${encoding})`)
    }
  },
)

test('no secret: nothing found', () => {
  expect(findSecrets('c4n4ry/one, and nothing else', { it: SECRET })).toEqual([])
})
