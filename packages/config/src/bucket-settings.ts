import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { DwhError } from '@dwh/core'
import type { S3StoreOptions } from '@dwh/storage'
import type { S3Values } from './config-schema.ts'
import { type Environment, S3_VARIABLES, section } from './from-environment.ts'
import type { ConfigFile } from './read-config-file.ts'

interface BucketSurroundings {
  readonly env: Environment
  readonly cwd: string
  readonly proxyFor?: ((url: string) => string) | undefined
}

/** A bucket, and how to get in. */
export interface BucketSettings {
  readonly s3: S3StoreOptions
  /** Absolute. */
  readonly caFile: string | undefined
}

/**
 * What environment and file say of the bucket of `s3://bucket/prefix`.
 * @throws DwhError CONFIG_INVALID
 */
export async function bucketSettings(
  url: string,
  file: ConfigFile | null,
  { env, cwd, proxyFor }: BucketSurroundings,
): Promise<BucketSettings> {
  const values = await s3Values(file, env, cwd)
  const [bucket = '', ...prefix] = url.slice('s3://'.length).split('/')
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken } = values
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new DwhError('CONFIG_INVALID', 's3: access_key_id and secret_access_key go together', {
      hint: 'Set both, or neither: then AWS_ACCESS_KEY_ID, AWS_PROFILE or the role of the machine are used.',
    })
  }
  if (values.kms_key_id !== undefined && values.encryption === undefined) {
    throw new DwhError('CONFIG_INVALID', 's3: kms_key_id takes an encryption', {
      hint: 'Set s3.encryption (S3_ENCRYPTION) to aws:kms, too.',
    })
  }
  // it is sent, and written to logs, as it is
  if ([accessKeyId, env.AWS_ACCESS_KEY_ID].some((id) => id?.includes('/'))) {
    throw new DwhError('CONFIG_INVALID', 's3: the access key id holds a /, which none does', {
      hint: 'Are AWS_ACCESS_KEY_ID (s3.access_key_id) and AWS_SECRET_ACCESS_KEY (s3.secret_access_key) swapped?',
    })
  }
  const endpoint = values.endpoint
  return {
    caFile: values.ca_file,
    s3: {
      bucket,
      prefix: prefix.join('/'),
      endpoint,
      region: values.region,
      pathStyle: values.path_style,
      ca: values.ca,
      profile: values.profile,
      credentials:
        accessKeyId === undefined || secretAccessKey === undefined
          ? undefined
          : { accessKeyId, secretAccessKey, sessionToken },
      encryption: values.encryption && { algorithm: values.encryption, kmsKeyId: values.kms_key_id },
      checksum: values.checksum,
      anonymous: values.anonymous,
      requesterPays: values.requester_pays,
      partBytes: values.part_size,
      parallelParts: values.parallel_parts,
      proxy: proxyFor?.(endpoint ?? 'https://s3.amazonaws.com') || undefined,
    },
  }
}

/** Each from the environment, else from the file; the path of a file is where the setting came from. */
async function s3Values(
  file: ConfigFile | null,
  env: Environment,
  cwd: string,
): Promise<S3Values & { readonly ca?: string }> {
  const fromEnvironment: S3Values = section('s3', S3_VARIABLES, env) ?? {}
  const values = { ...file?.values.s3, ...fromEnvironment }
  if (values.ca_file === undefined) return values
  const folder = fromEnvironment.ca_file === undefined && file ? dirname(file.path) : cwd
  const caFile = resolve(folder, values.ca_file)
  const ca = await readFile(caFile, 'utf8').catch((cause) => {
    throw new DwhError('CONFIG_INVALID', `S3_CA_FILE ${values.ca_file}: ${cause.message}`, {
      cause,
      hint: 'Give the path of a file with PEM certificates.',
    })
  })
  return { ...values, ca_file: caFile, ca }
}
