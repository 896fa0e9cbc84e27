import type { StoredChecksum } from '../object-map.ts'
import type { Call } from '../operation.ts'
import { S3Error } from '../s3-error.ts'
import { parameter } from '../s3-request.ts'
import { encodeStrictly } from '../signature.ts'
import { element, type XmlNode } from '../xml.ts'

/** `ChecksumCRC32` and similar elements, with `ChecksumType`. */
export function checksumElements(checksum: StoredChecksum | null): XmlNode[] {
  if (!checksum) return []
  return [element(checksumElementName(checksum), checksum.value), element('ChecksumType', checksum.type)]
}

export function checksumElementName({ algorithm }: Pick<StoredChecksum, 'algorithm'>): string {
  return `Checksum${algorithm.toUpperCase()}`
}

/** Formats a key for a list: as it is, or with `encoding-type=url` as in a form. @throws S3Error InvalidArgument */
export function keyEncoding(call: Call): (key: string) => string {
  const type = parameter(call.request, 'encoding-type')
  if (type === undefined || type === '') return (key) => key
  if (type !== 'url')
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request', {
      ArgumentName: 'encoding-type',
      ArgumentValue: type,
    })
  return (key) => encodeStrictly(key).replaceAll('%20', '+').replaceAll('%2F', '/').replaceAll('%2A', '*')
}
