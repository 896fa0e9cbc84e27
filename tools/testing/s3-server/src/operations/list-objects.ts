import { bucketOf, count } from '../bucket-of.ts'
import { compareKeys } from '../key-order.ts'
import { quoted } from '../object-headers.ts'
import type { ListedObject } from '../object-map.ts'
import type { Answer, Call } from '../operation.ts'
import { S3Error } from '../s3-error.ts'
import { parameter } from '../s3-request.ts'
import { element, resultXml, type XmlNode } from '../xml.ts'
import { checksumElementName, keyEncoding } from './listing-xml.ts'

/** Lists keys in the order of their UTF-8 bytes. Source: API/API_ListObjectsV2.html. */
export async function listObjectsV2(call: Call): Promise<Answer> {
  await call.beforeEffect()
  const bucket = bucketOf(call)
  const { request, rules } = call
  const prefix = parameter(request, 'prefix') ?? ''
  call.need('s3:ListBucket', prefix)
  const delimiter = parameter(request, 'delimiter') ?? ''
  const token = parameter(request, 'continuation-token')
  const startAfter = parameter(request, 'start-after') ?? ''
  const maxKeys = count(call, 'max-keys', rules.maxListKeys, rules.maxListKeys)
  const encoded = keyEncoding(call)
  const after = token === undefined ? startAfter : readToken(token)
  const from = compareKeys(prefix, after) > 0 ? prefix : after
  const page = pageOf(bucket.objects.list(from, call.staleWrites), { prefix, delimiter, after, maxKeys })
  const withOwner = parameter(request, 'fetch-owner') === 'true'
  return {
    status: 200,
    body: resultXml('ListBucketResult', [
      element('Name', request.bucket),
      element('Prefix', encoded(prefix)),
      element('Delimiter', delimiter === '' ? undefined : encoded(delimiter)),
      element('MaxKeys', maxKeys),
      element('EncodingType', parameter(request, 'encoding-type') || undefined),
      element('KeyCount', page.entries.length),
      element('IsTruncated', page.next !== null),
      element('ContinuationToken', token),
      element('NextContinuationToken', page.next === null ? undefined : makeToken(page.next)),
      element('StartAfter', startAfter === '' ? undefined : encoded(startAfter)),
      ...page.entries.filter((entry) => typeof entry !== 'string').map((entry) => contents(entry, encoded, withOwner)),
      ...page.entries
        .filter((entry) => typeof entry === 'string')
        .map((entry) => element('CommonPrefixes', [element('Prefix', encoded(entry))])),
    ]),
  }
}

interface PageOptions {
  readonly prefix: string
  readonly delimiter: string
  /** Keys and common prefixes up to and including this one have been listed. */
  readonly after: string
  readonly maxKeys: number
}

interface Page {
  /** Objects, and common prefixes as text. */
  readonly entries: readonly (ListedObject | string)[]
  /** The last entry, if there are more. */
  readonly next: string | null
}

function pageOf(objects: Iterable<ListedObject>, { prefix, delimiter, after, maxKeys }: PageOptions): Page {
  const entries: (ListedObject | string)[] = []
  let last = after
  for (const object of objects) {
    if (!object.key.startsWith(prefix)) break
    const common = commonPrefix(object.key, prefix, delimiter)
    // A listed common prefix stands for all of its keys.
    if (compareKeys(object.key, last) <= 0 || common === last) continue
    if (entries.length === maxKeys) return { entries, next: maxKeys === 0 ? null : last }
    entries.push(common ?? object)
    last = common ?? object.key
  }
  return { entries, next: null }
}

function commonPrefix(key: string, prefix: string, delimiter: string): string | null {
  if (delimiter === '') return null
  const at = key.indexOf(delimiter, prefix.length)
  return at < 0 ? null : key.slice(0, at + delimiter.length)
}

function contents(object: ListedObject, encoded: (key: string) => string, withOwner: boolean): XmlNode {
  return element('Contents', [
    element('Key', encoded(object.key)),
    element('LastModified', object.modified.toISOString()),
    element('ETag', quoted(object.etag)),
    element('ChecksumAlgorithm', object.checksum ? checksumElementName(object.checksum).slice(8) : undefined),
    element('ChecksumType', object.checksum?.type),
    element('Size', object.size),
    ...(withOwner ? [element('Owner', [element('ID', 'owner')])] : []),
    element('StorageClass', 'STANDARD'),
  ])
}

function makeToken(last: string): string {
  return `1${Buffer.from(last).toString('base64')}`
}

function readToken(token: string): string {
  const last = Buffer.from(token.slice(1), 'base64').toString()
  if (makeToken(last) !== token)
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect', {
      ArgumentName: 'continuation-token',
    })
  return last
}
