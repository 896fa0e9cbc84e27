/** What a store knows of one object. */
export interface ObjectInfo {
  /** Relative to the store's root, parts joined by `/`. */
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** Opaque; differs whenever the bytes differ. What a condition names. */
  readonly etag: string
  /** Hex SHA-256 of the bytes, where the store carries it with the object or has just seen every byte; null where it does not know. */
  readonly sha256: string | null
}

/** A condition on a write: the object is still the one with this ETag, or there is none. */
export type PutCondition = { readonly ifMatch: string } | { readonly ifAbsent: true }

export interface StoredObject {
  readonly body: Uint8Array
  readonly etag: string
}

export interface PutFileOptions {
  /** The file is the store's from now on: it may be renamed into place, and is gone afterwards. Default false. */
  readonly move?: boolean
  /** Hex SHA-256 of the file when the caller knows it; saves reading it once more. The store trusts it. */
  readonly sha256?: string
  readonly signal?: AbortSignal | undefined
}

export interface ReadOptions {
  /** Ends a read that is not answered, with ABORTED. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Objects under keys, in a bucket or a folder. Every write is all or nothing: a reader sees the old bytes or the new ones, a
 * process that dies leaves the old ones. A write that returned is durable. Reads see every write that returned before.
 *
 * Keys are one or more segments joined by `/`; a segment is 1 to 255 bytes of `A-Z a-z 0-9 _ - . % ~`, and neither `.` nor `..`;
 * no key is a folder of another (`x` beside `x/y`).
 *
 * Every method throws `DwhError`: STORE_UNREACHABLE, STORE_DENIED, STORE_FULL, STORE_FAILED (also for a key that is not valid),
 * ABORTED. Absent is `null`, never an error.
 */
export interface ObjectStore {
  /** Where it is, for messages: no secret in it. */
  readonly url: string
  get(key: string, options?: ReadOptions): Promise<StoredObject | null>
  /**
   * Writes a small object, whole in memory.
   * @throws DwhError CONFLICT when the condition does not hold; then nothing was written. Of writers that race with one condition, one wins.
   */
  put(key: string, body: Uint8Array, condition?: PutCondition): Promise<ObjectInfo>
  /** Writes an object from a local file of any size, in bounded memory; the answer carries its SHA-256. Nothing is left when it fails. */
  putFile(key: string, path: string, options?: PutFileOptions): Promise<ObjectInfo>
  head(key: string, options?: ReadOptions): Promise<ObjectInfo | null>
  /** Reads an object of any size into a local file, which appears whole or not at all; the answer carries the SHA-256 of the bytes that came. */
  getFile(key: string, path: string, options?: ReadOptions): Promise<ObjectInfo | null>
  /** Copies on the store's side, of any size, over what is there; null when there is no source. */
  copy(from: string, to: string): Promise<ObjectInfo | null>
  /**
   * Gives an object another key, over what is there; null when there is no source. The source is gone afterwards, or stays until it is deleted. `seen`: what `head(to)` said
   * before the caller made sure that it may do this. A caller that sleeps in the middle, for however long, overwrites nothing that came after that.
   * @throws DwhError CONFLICT when `to` is another object by now, where the store can tell; then nothing was written
   */
  move(from: string, to: string, seen: ObjectInfo | null): Promise<ObjectInfo | null>
  /** Objects whose key starts with `prefix`, in the byte order of their keys. Throws rather than return part of a list. */
  list(prefix: string, options?: ReadOptions): AsyncIterable<ObjectInfo>
  /** Removes an object; absent is fine. */
  delete(key: string): Promise<void>
  /** Only where a write that was cut off leaves something that no list shows, such as the parts of an upload: removes what is nobody's any more, and says how many there were. */
  removeUnfinished?(now: Date): Promise<number>
  /**
   * True when conditions are honoured: of writers that race, one wins. False, or absent: more than one may win, and a run warns of it. May ask the server at the first call.
   */
  conditionalWrites?(): Promise<boolean>
  /**
   * Only where a server gives objects out: a URL by which anyone may read this one for so long, with no credentials of their own.
   */
  presignedUrl?(key: string, expiresInSeconds: number): Promise<string>
  /** Only where anyone may read an object by its URL: that of one. */
  publicUrl?(key: string): string
  /**
   * Only where objects are plain files of this machine: the path of one, to open and read. The path names whatever object is there at
   * the moment it is opened; the bytes behind an open descriptor never change.
   */
  localPath?(key: string): string
}
