import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** The algorithms of `x-amz-checksum-*`. Source: "Checking object integrity", Amazon S3 User Guide. */
export const CHECKSUM_ALGORITHMS = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const

export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number]

export interface RunningChecksum {
  update(bytes: Buffer): void
  digest(): Buffer
}

export function startChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  switch (algorithm) {
    case 'crc32':
      return runningCrc32((bytes, value) => crc32(bytes, value))
    case 'crc32c':
      return runningCrc32(crc32c)
    case 'crc64nvme':
      return runningCrc64()
    case 'sha1':
    case 'sha256': {
      const hash = createHash(algorithm)
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() }
    }
  }
}

export function isChecksumAlgorithm(name: string): name is ChecksumAlgorithm {
  return (CHECKSUM_ALGORITHMS as readonly string[]).includes(name)
}

function runningCrc32(step: (bytes: Buffer, value: number) => number): RunningChecksum {
  let value = 0
  return {
    update(bytes) {
      value = step(bytes, value)
    },
    digest() {
      const out = Buffer.alloc(4)
      out.writeUInt32BE(value >>> 0)
      return out
    },
  }
}

/** Castagnoli's polynomial, reflected. */
const CRC32C = table32(0x82f63b78)

function crc32c(bytes: Buffer, start: number): number {
  let value = ~start
  for (const byte of bytes) value = (CRC32C[(value ^ byte) & 0xff] as number) ^ (value >>> 8)
  return ~value >>> 0
}

function table32(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1
    return value >>> 0
  })
}

/** CRC-64/NVME, reflected polynomial 0x9a6c9329ac4bc9b5, in two halves since JavaScript's bit operators are 32 wide. */
const CRC64_HIGH = new Uint32Array(256)
const CRC64_LOW = new Uint32Array(256)
for (let index = 0; index < 256; index++) {
  let value = BigInt(index)
  for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n
  CRC64_HIGH[index] = Number(value >> 32n)
  CRC64_LOW[index] = Number(value & 0xffffffffn)
}

function runningCrc64(): RunningChecksum {
  let high = -1
  let low = -1
  return {
    update(bytes) {
      for (const byte of bytes) {
        const index = (low ^ byte) & 0xff
        low = ((low >>> 8) | (high << 24)) ^ (CRC64_LOW[index] as number)
        high = (high >>> 8) ^ (CRC64_HIGH[index] as number)
      }
    },
    digest() {
      const out = Buffer.alloc(8)
      out.writeUInt32BE(~high >>> 0)
      out.writeUInt32BE(~low >>> 0, 4)
      return out
    },
  }
}
