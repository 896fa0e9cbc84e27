import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import {
  CopyObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'

/** The objects of a warehouse, read by plain requests without knowledge of their meaning. */
export interface WarehouseObjects {
  /** Returns all keys. */
  keys(): Promise<string[]>
  read(key: string): Promise<Buffer | null>
  /** Whether two keys are one file, in a folder, or have the same bytes, in a bucket. */
  same(one: string, other: string): Promise<boolean>
  /** Returns the number of unfinished uploads, which lists do not show. */
  unfinished(): Promise<number>
  /** Opens a folder. Its conditional writes are numbered generations. */
  readonly isFolder: boolean
}

export function folderObjects(root: string): WarehouseObjects {
  return {
    isFolder: true,
    async keys() {
      const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(orEmpty)
      return entries
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    },
    async read(key) {
      return readFile(join(root, key)).catch(orNull)
    },
    async same(one, other) {
      const inodes = [one, other].map((key) => stat(join(root, key)).catch(orNull))
      const [a, b] = await Promise.all(inodes)
      return a !== null && a?.ino === b?.ino
    },
    unfinished: async () => 0,
  }
}

function orEmpty(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return []
  throw error
}

function orNull(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
  throw error
}

export interface Endpoint {
  readonly endpoint: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

export function s3Client({ endpoint, credentials }: Endpoint): S3Client {
  return new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
}

/** Opens a bucket, or the part under `prefix`, which ends with `/`. At most a thousand objects. */
export function bucketObjects(client: S3Client, bucket: string, prefix = ''): WarehouseObjects {
  const within = { Bucket: bucket, Prefix: prefix }
  const objects: WarehouseObjects = {
    isFolder: false,
    async keys() {
      const { Contents = [] } = await client.send(new ListObjectsV2Command(within))
      return Contents.map(({ Key = '' }) => Key.slice(prefix.length))
    },
    async read(key) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: prefix + key }))
        return Buffer.from((await Body?.transformToByteArray()) ?? [])
      } catch (error) {
        if ((error as Error).name === 'NoSuchKey') return null
        throw error
      }
    },
    async same(one, other) {
      const [a, b] = await Promise.all([one, other].map((key) => objects.read(key)))
      return a != null && b != null && Buffer.compare(a, b) === 0
    },
    async unfinished() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand(within))
      return Uploads.length
    },
  }
  return objects
}

/** Copies all objects of a bucket with their metadata to another bucket. */
export async function copyBucket(client: S3Client, from: string, to: string): Promise<void> {
  for (const key of await bucketObjects(client, from).keys())
    await client.send(new CopyObjectCommand({ CopySource: `${from}/${encodeURIComponent(key)}`, Bucket: to, Key: key }))
}

export async function putObject(client: S3Client, bucket: string, key: string, body: string): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
}
