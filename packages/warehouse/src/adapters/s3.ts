import { readFile } from 'node:fs/promises'
import type { Config, S3Values } from '@dwh/config'
import { DwhError } from '@dwh/core'
import { bucketPolicy, type S3StoreOptions, s3Store } from '@dwh/storage'
import type { FullEnvironment } from '../environment.ts'
import type { StorageAdapter } from './adapter.ts'

/** A bucket of AWS or of any S3-compatible server: `s3://bucket/prefix`, and `s3` in the settings. */
export const s3: StorageAdapter = {
  schemes: ['s3'],
  example: 's3://bucket/prefix',
  async open(url, { s3: values }, environment, retry) {
    const [bucket = '', ...path] = url.slice('s3://'.length).split('/')
    const prefix = path.join('/')
    const options = { ...(await storeOptions(values, environment)), bucket, prefix, ...retry }
    const { env } = environment
    const secrets = [
      values.session_token,
      options.credentials?.secretAccessKey,
      env.AWS_SECRET_ACCESS_KEY,
      env.AWS_SESSION_TOKEN,
    ]
    return {
      store: s3Store(options),
      at: options.endpoint ?? options.region,
      secrets: secrets.filter((text) => text !== undefined),
      httpfs: { caFile: values.ca_file, proxy: options.proxy },
      policy: (role) => bucketPolicy({ bucket, prefix, role }),
      described: { storage: `s3://${[bucket, prefix].filter(Boolean).join('/')}`, s3: described(values) },
    }
  },
}

async function storeOptions(
  values: Config['s3'],
  { env, proxyFor }: FullEnvironment,
): Promise<Omit<S3StoreOptions, 'bucket' | 'prefix'>> {
  const { endpoint, access_key_id: accessKeyId, secret_access_key: secretAccessKey } = values
  check(values, env)
  return {
    endpoint,
    region: values.region,
    pathStyle: values.path_style,
    ca: await certificates(values.ca_file),
    profile: values.profile,
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { accessKeyId, secretAccessKey, sessionToken: values.session_token },
    encryption: values.encryption && { algorithm: values.encryption, kmsKeyId: values.kms_key_id },
    checksum: values.checksum,
    anonymous: values.anonymous,
    requesterPays: values.requester_pays,
    partBytes: values.part_size,
    parallelParts: values.parallel_parts,
    proxy: proxyFor?.(endpoint ?? 'https://s3.amazonaws.com') || undefined,
  }
}

function check(values: S3Values, env: FullEnvironment['env']): void {
  const { access_key_id: id, secret_access_key: key } = values
  if ((id === undefined) !== (key === undefined)) {
    throw new DwhError('CONFIG_INVALID', 's3: access_key_id and secret_access_key must be set together', {
      hint: 'Set both, or neither. With neither, AWS_ACCESS_KEY_ID, AWS_PROFILE or the role of the machine is used.',
    })
  }
  if (values.kms_key_id !== undefined && values.encryption === undefined) {
    throw new DwhError('CONFIG_INVALID', 's3: kms_key_id is set without encryption', {
      hint: 'Also set s3.encryption (S3_ENCRYPTION) to aws:kms.',
    })
  }
  // the id is sent and logged in plain text, so it must not be the secret key
  if ([id, env.AWS_ACCESS_KEY_ID].some((one) => one?.includes('/'))) {
    throw new DwhError('CONFIG_INVALID', 's3: the access key id contains a /, which is not allowed', {
      hint: 'Are AWS_ACCESS_KEY_ID (s3.access_key_id) and AWS_SECRET_ACCESS_KEY (s3.secret_access_key) swapped?',
    })
  }
}

async function certificates(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  return readFile(path, 'utf8').catch((cause) => {
    throw new DwhError('CONFIG_INVALID', `S3_CA_FILE (s3.ca_file): ${cause.message}`, {
      cause,
      hint: 'Give the path of a file with PEM certificates.',
    })
  })
}

function described({ endpoint, region, path_style, ca_file }: S3Values): Record<string, string | boolean> {
  const given = Object.entries({ endpoint, region, path_style, ca_file }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as Record<string, string | boolean>
}
