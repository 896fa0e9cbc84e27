import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { onTestFinished } from 'vitest'
import { type S3Server, type S3ServerOptions, startS3Server } from './index.ts'

/** Starts a server with the bucket `house`; it closes when the test has finished. */
export async function testServer(options: S3ServerOptions = {}): Promise<S3Server> {
  const server = await startS3Server({ buckets: ['house'], ...options })
  onTestFinished(() => server.close())
  return server
}

/** Makes a client of the AWS SDK: path style, no retries. */
export function testClient(server: S3Server, config: S3ClientConfig = {}): S3Client {
  const client = new S3Client({
    endpoint: server.url,
    region: server.region,
    forcePathStyle: true,
    credentials: server.credential,
    maxAttempts: 1,
    ...config,
  })
  onTestFinished(() => client.destroy())
  return client
}

/** Returns the error of `promise` as the SDK names it: `NoSuchKey 404`. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'no failure'
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } }
    return $metadata?.httpStatusCode === undefined ? name : `${name} ${$metadata.httpStatusCode}`
  }
}
