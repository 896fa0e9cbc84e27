export { type CheckOptions, checkInvariants, currentLock } from './check-invariants.ts'
export { type Mishap, problemsAfter } from './problems-after.ts'
export { type Ended, inShort, type Started, startDwh, startProgram, untilStopped } from './programs.ts'
export { type Etl, parseChecked, readEtlText } from './read-etl.ts'
export { filesBelow, makeSandbox, type Sandbox } from './sandbox.ts'
export {
  bucketObjects,
  copyBucket,
  type Endpoint,
  folderObjects,
  putObject,
  s3Client,
  type WarehouseObjects,
} from './warehouse-objects.ts'
