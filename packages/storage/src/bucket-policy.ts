/** Roles of users of a bucket: `writer` runs, verifies, repairs and prunes; `reader` queries and verifies. */
export const BUCKET_ROLES = ['writer', 'reader'] as const
export type BucketRole = (typeof BUCKET_ROLES)[number]

export interface BucketPolicyOptions {
  readonly bucket: string
  readonly prefix?: string | undefined
  /** Default `writer`. */
  readonly role?: BucketRole | undefined
}

/** The actions of each role on the bucket, and on the objects below the prefix. */
const ACTIONS: Readonly<
  Record<BucketRole, { readonly bucket: readonly string[]; readonly objects: readonly string[] }>
> = {
  writer: {
    bucket: ['s3:ListBucket', 's3:ListBucketMultipartUploads'],
    objects: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
  },
  reader: { bucket: ['s3:ListBucket'], objects: ['s3:GetObject'] },
}

/**
 * Returns the minimal policy for a warehouse in a bucket, for AWS and most other servers:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies.html.
 * Without ListBucket, S3 answers 403 for a missing object, as for a forbidden one.
 */
export function bucketPolicy({ bucket, prefix = '', role = 'writer' }: BucketPolicyOptions): string {
  const arn = `arn:aws:s3:::${bucket}`
  const objects = prefix === '' ? `${arn}/*` : `${arn}/${prefix}/*`
  const may = ACTIONS[role]
  const statements = [
    { Effect: 'Allow', Action: may.bucket, Resource: arn },
    { Effect: 'Allow', Action: may.objects, Resource: objects },
  ]
  return JSON.stringify({ Version: '2012-10-17', Statement: statements }, null, 2)
}
