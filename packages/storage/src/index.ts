export { BUCKET_ROLES, type BucketPolicyOptions, type BucketRole, bucketPolicy } from './bucket-policy.ts'
export { type LocalStoreOptions, localStore } from './local-store.ts'
export type { S3Credentials, S3Encryption, S3StoreOptions } from './s3-options.ts'
export { s3Store } from './s3-store.ts'
