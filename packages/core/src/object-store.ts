/** What a store knows of one object. */
export interface ObjectInfo {
  /** Relative to the store's root, parts joined by `/`. */
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** Opaque; differs whenever the bytes differ. A condition names it. */
  readonly etag: string
  /**
   * Hex SHA-256 of the bytes, where the store keeps it with the object or has just read every byte; null where the
   * store does not know it.
   */
  readonly sha256: string | null
}

/** A condition on a write: the object still has this ETag, or does not exist. */
export type PutCondition = { readonly ifMatch: string } | { readonly ifAbsent: true }

export interface StoredObject {
  readonly body: Uint8Array
  readonly etag: string
}

export interface PutFileOptions {
  /** Hands the file over to the store: the store may rename it into place, and it is gone afterwards. Default false. */
  readonly move?: boolean
  /** Hex SHA-256 of the file, if the caller knows it; saves reading the file again. The store trusts it. */
  readonly sha256?: string
  readonly signal?: AbortSignal | undefined
}

export interface ReadOptions {
  /** Stops a read that is still waiting, with ABORTED. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Objects under keys, in a bucket or a folder. Every write is all or nothing: a reader sees the old bytes or the new
 * bytes, and a process that dies leaves the old bytes. A write that has returned is durable. A read sees every write
 * that returned before it.
 *
 * A key is one or more segments joined by `/`. A segment is 1 to 255 bytes of `A-Z a-z 0-9 _ - . % ~`, and neither `.`
 * nor `..`. No key is a folder of another (`x` beside `x/y`).
 *
 * Every method throws `DwhError`: STORE_UNREACHABLE, STORE_DENIED, STORE_FULL, STORE_FAILED (also for an invalid key),
 * ABORTED. An absent object is `null`, never an error.
 */
export interface ObjectStore {
  /** Where the store is, for messages. Contains no secret. */
  readonly url: string
  get(key: string, options?: ReadOptions): Promise<StoredObject | null>
  /**
   * Writes a small object from memory.
   * @throws DwhError CONFLICT when the condition does not hold; then nothing was written. When several writers race
   * with one condition, one of them wins.
   */
  put(key: string, body: Uint8Array, condition?: PutCondition): Promise<ObjectInfo>
  /**
   * Writes an object from a local file of any size, in bounded memory. The answer carries its SHA-256. A failure leaves
   * nothing behind.
   */
  putFile(key: string, path: string, options?: PutFileOptions): Promise<ObjectInfo>
  head(key: string, options?: ReadOptions): Promise<ObjectInfo | null>
  /**
   * Reads an object of any size into a local file, which appears whole or not at all. The answer carries the SHA-256 of
   * the bytes received.
   */
  getFile(key: string, path: string, options?: ReadOptions): Promise<ObjectInfo | null>
  /**
   * Copies an object of any size within the store, over an existing object. `isWanted` is asked once all is prepared,
   * and then nothing but the last step is left: a caller that sleeps in between overwrites no copy that another has
   * made meanwhile, where the store can tell (a folder always can).
   * @returns null when there is no source, when it is not wanted any more, or when another copy was faster
   */
  copy(from: string, to: string, isWanted?: () => Promise<boolean>): Promise<ObjectInfo | null>
  /**
   * Lists the objects whose key starts with `prefix`, in byte order of keys. Throws rather than return a partial list.
   */
  list(prefix: string, options?: ReadOptions): AsyncIterable<ObjectInfo>
  /** Removes an object. Removing an absent object is not an error. */
  delete(key: string): Promise<void>
  /**
   * Removes the remains of interrupted writes that no list shows, such as parts of an upload, and returns how many.
   * Absent where interrupted writes leave nothing.
   */
  removeUnfinished?(now: Date): Promise<number>
  /**
   * Returns true when the store honours conditions: of several racing writers one wins. False, or absent: more than one
   * may win, and a run warns about it. May ask the server at the first call.
   */
  conditionalWrites?(): Promise<boolean>
  /**
   * Returns a URL that lets anyone read this object without credentials until it expires. Absent where no server serves
   * the objects.
   */
  presignedUrl?(key: string, expiresInSeconds: number): Promise<string>
  /** Returns the public URL of an object. Absent where objects are not public. */
  publicUrl?(key: string): string
  /**
   * Returns the path of an object's file, to open and read. Absent where objects are not plain files of this machine.
   * The path names the object that is there when it is opened; the bytes behind an open descriptor never change.
   */
  localPath?(key: string): string
}
