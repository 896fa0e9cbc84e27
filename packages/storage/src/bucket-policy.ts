/**
 * The least policy that a warehouse in a bucket needs, as AWS and most others take it: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies.html.
 * Without ListBucket, S3 answers 403 for an object that is missing, which cannot be told from one that is forbidden.
 */
export function bucketPolicy({
  bucket,
  prefix = '',
}: {
  readonly bucket: string
  readonly prefix?: string | undefined
}): string {
  const arn = `arn:aws:s3:::${bucket}`
  const objects = prefix === '' ? `${arn}/*` : `${arn}/${prefix}/*`
  const actions = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload']
  const statements = [
    { Effect: 'Allow', Action: ['s3:ListBucket', 's3:ListBucketMultipartUploads'], Resource: arn },
    { Effect: 'Allow', Action: actions, Resource: objects },
  ]
  return JSON.stringify({ Version: '2012-10-17', Statement: statements }, null, 2)
}
