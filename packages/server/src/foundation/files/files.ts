/** One file of a store. */
export type StoredFile = {
  readonly name: string;
  /** When it was put, by the store's clock. */
  readonly storedAt: Date;
};

/**
 * The port that stores of files fill (a directory, an S3-compatible bucket). They are given sealed bytes
 * and know nothing of what these are. All wait on something outside: never call one under a lock.
 */
export type FileStore = {
  /** In words, for the start and the operator: never with a secret. */
  readonly place: string;
  /**
   * Keeps bytes under a name, whole or not at all; lasting once it resolves.
   *
   * @param name parts of `A-Z a-z 0-9 _ -` with slashes between them.
   * @throws Outage when the store does not answer or take it.
   */
  put(name: string, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** The bytes, piece by piece; null where there is no such file. @throws Outage */
  open(name: string): Promise<AsyncIterable<Uint8Array> | null>;
  /** Removes a file; one that is not there is removed already. @throws Outage */
  remove(name: string): Promise<void>;
  /**
   * All files, each once, in no order, read as they are asked for. What is put or removed meanwhile may be
   * among them or not. A walk that breaks is begun anew: no place in it is worth remembering. @throws Outage
   */
  walk(): AsyncIterable<StoredFile>;
};

/** Whether a text can be a file's name: nothing that a file system or a URL reads in another way. */
export const isFileName = (name: string): boolean =>
  name.length <= 512 && /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/.test(name);
