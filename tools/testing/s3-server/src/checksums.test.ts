import { expect, test } from 'vitest'
import { type ChecksumAlgorithm, startChecksum } from './checksums.ts'

/**
 * The check values of the CRC catalogue (reveng.sourceforge.io/crc-catalogue) for `123456789`; of the hashes, `sha1sum`
 * and `sha256sum`.
 */
test.each<[ChecksumAlgorithm, string]>([
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888'],
  ['sha1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
  ['sha256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
])('%s, in two pieces', (algorithm, expected) => {
  const running = startChecksum(algorithm)
  running.update(Buffer.from('1234'))
  running.update(Buffer.from('56789'))
  expect(running.digest().toString('hex')).toBe(expected)
})
