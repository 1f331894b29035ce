import { createHash, type Hash, randomUUID } from 'node:crypto';
import { type Algorithm, algorithmOf, type ContentDigest, contentDigest, finishDigest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import type { Stage } from '../storage/driver.ts';
import { BatchedAppend } from './batched-append.ts';
import { addBlob } from './blobs.ts';
import type { Store } from './store.ts';

/** Uploads: blobs on their way in. Each belongs to one repository and survives a restart of the registry. */
export interface Uploads {
  /** Begins one; resolves to its id. `algorithm` is what its digest will be made by, as far as the client says. */
  begin(repository: string, algorithm?: Algorithm): Promise<string>;
  /** Bytes that are here. Errors: BLOB_UPLOAD_UNKNOWN. */
  size(repository: string, id: string): Promise<number>;
  /**
   * Adds what `source` brings; resolves to the size after it. What came before a source broke off is kept. Whoever adds
   * to the same upload meanwhile is cut off: his connection is older. Errors: BLOB_UPLOAD_UNKNOWN; BLOB_UPLOAD_INVALID
   * (416) when `range` does not begin where the upload ends; SIZE_INVALID.
   */
  append(repository: string, id: string, source: Source): Promise<number>;
  /** As `append`, then makes a blob of it. Errors: also DIGEST_INVALID: then the upload is gone. */
  finish(repository: string, id: string, digest: ContentDigest, source: Source): Promise<void>;
  /** Errors: BLOB_UPLOAD_UNKNOWN. */
  cancel(repository: string, id: string): Promise<void>;
  /** Tells of a repository whether something was added to an upload of it since this time, milliseconds since 1970. */
  movingSince(time: number): Promise<(repository: string) => boolean>;
  /** Removes those that nothing was added to since this time, milliseconds since 1970; with `dry` it only counts. */
  expire(before: number, dry: boolean): Promise<{ uploads: number; bytes: number }>;
}

/** Bytes of a request. */
export interface Source {
  bytes: AsyncIterable<Uint8Array>;
  /** Of Content-Range, both inclusive; undefined: the bytes go to the end of what is there. */
  range?: { start: number; end: number } | undefined;
  /** Stops the source, so that its iteration ends with an error. */
  cut(): void;
}

interface Options {
  /** Longest blob in bytes. */
  blobLimit: number;
}

/** A running digest: of the first `size` bytes of an upload. */
interface Running {
  algorithm: Algorithm;
  hash: Hash;
  size: number;
}

interface Turn {
  cut: () => void;
  over: Promise<void>;
}

/** Running digests kept between requests; for others the bytes are read again. */
const RUNNING_MAX = 4096;

export function openUploads(store: Store, { blobLimit }: Options): Uploads {
  const running = new Map<string, Running>();
  const turns = new Map<string, Turn>();

  /** Runs work on an upload while nobody else does. */
  async function inTurn<T>(id: string, cut: () => void, work: () => Promise<T>): Promise<T> {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const before = turns.get(id);
    const turn = { cut, over };
    turns.set(id, turn);
    try {
      before?.cut();
      await before?.over;
      return await work();
    } finally {
      if (turns.get(id) === turn) turns.delete(id);
      resolve();
    }
  }

  async function open(repository: string, id: string): Promise<Stage> {
    const stage = isIdOf(repository, id) ? await store.driver.reopen(id) : undefined;
    if (stage) return stage;
    throw unknown(id);
  }

  async function take(stage: Stage, { bytes, range }: Source): Promise<void> {
    if (range && range.start !== stage.size)
      throw outOfOrder(`the chunk begins at ${range.start}, and ${stage.size} bytes are here`, stage.size);
    const digest = running.get(stage.id);
    const most = range ? Math.min(blobLimit, range.end + 1) : blobLimit;
    const batch = new BatchedAppend(stage);
    let size = stage.size;
    try {
      for await (const chunk of bytes) {
        size += chunk.byteLength;
        if (size > most) throw tooLong(size, blobLimit);
        const pushed = batch.push(chunk);
        digest?.hash.update(chunk); // while it is written
        if (digest) digest.size += chunk.byteLength;
        await pushed;
      }
    } finally {
      // What came before a source broke off is kept. A digest that has seen more than is here is not that of what is here.
      try {
        await batch.end();
      } finally {
        if (digest?.size !== stage.size) running.delete(stage.id);
      }
    }
    if (range && stage.size !== range.end + 1)
      throw new RegistryError('SIZE_INVALID', `the chunk ends at ${stage.size - 1}, not at ${range.end} as it said`);
  }

  /** The digest of all that is here. */
  async function digestOf(stage: Stage, algorithm: Algorithm): Promise<ContentDigest> {
    const known = running.get(stage.id);
    running.delete(stage.id);
    if (known && known.algorithm === algorithm && known.size === stage.size) return finishDigest(algorithm, known.hash);
    const hash = createHash(algorithm);
    for await (const chunk of stage.read()) hash.update(chunk);
    return finishDigest(algorithm, hash);
  }

  function remember(id: string, algorithm: Algorithm): void {
    running.set(id, { algorithm, hash: createHash(algorithm), size: 0 });
    if (running.size > RUNNING_MAX) running.delete(running.keys().next().value ?? '');
  }

  return {
    async begin(repository, algorithm = 'sha256') {
      const id = newId(repository);
      await (await store.driver.stage(id)).close();
      remember(id, algorithm);
      return id;
    },
    async size(repository, id) {
      const stage = await open(repository, id);
      await stage.close();
      return stage.size;
    },
    append: (repository, id, source) =>
      inTurn(id, source.cut, async () => {
        const stage = await open(repository, id);
        try {
          await take(stage, source);
          await stage.flush();
          return stage.size;
        } finally {
          await stage.close();
        }
      }),
    finish: (repository, id, digest, source) =>
      inTurn(id, source.cut, async () => {
        const stage = await open(repository, id);
        try {
          await take(stage, source);
          const found = await digestOf(stage, algorithmOf(digest));
          if (found === digest) await addBlob(store, repository, digest, stage);
          else {
            await stage.discard();
            throw new RegistryError('DIGEST_INVALID', `the upload has the digest ${found}, not ${digest}`);
          }
        } finally {
          await stage.close();
        }
      }),
    cancel: (repository, id) =>
      inTurn(
        id,
        () => {},
        async () => {
          await (await open(repository, id)).discard();
          running.delete(id);
        },
      ),
    async movingSince(time) {
      const marks = new Set<string>();
      for await (const { id, modified } of store.driver.stages()) if (modified >= time) marks.add(id.slice(MARK_AT));
      return (repository) => marks.has(markOf(repository));
    },
    async expire(before, dry) {
      const gone = { uploads: 0, bytes: 0 };
      for await (const { id, size, modified } of store.driver.stages()) {
        if (modified >= before || turns.has(id)) continue;
        if (!dry)
          await inTurn(
            id,
            () => {},
            async () => {
              await (await store.driver.reopen(id))?.discard();
              running.delete(id);
            },
          );
        gone.uploads++;
        gone.bytes += size;
      }
      return gone;
    },
  };
}

/** An id says which repository it is of, so that nothing has to be written down about an upload. */
function newId(repository: string): string {
  return `${randomUUID()}-${markOf(repository)}`;
}

function isIdOf(repository: string, id: string): boolean {
  return (
    /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}-/.test(id) &&
    id.slice(MARK_AT) === markOf(repository)
  );
}

/** Behind a UUID and a hyphen. */
const MARK_AT = 37;

function markOf(repository: string): string {
  return contentDigest(repository).slice('sha256:'.length, 'sha256:'.length + 16);
}

function unknown(id: string): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN', 'no such upload, or it has ended', {
    detail: { id: id.slice(0, 64) },
  });
}

/** `Range` of the answer says where to go on. */
function outOfOrder(message: string, size: number): RegistryError {
  return new RegistryError('BLOB_UPLOAD_INVALID', message, { status: 416, headers: { range: uploadRange(size) } });
}

function tooLong(size: number, limit: number): RegistryError {
  return size > limit
    ? new RegistryError('SIZE_INVALID', `a blob may have ${limit} bytes here`, { status: 413 })
    : new RegistryError('SIZE_INVALID', 'the chunk is longer than its Content-Range says');
}

/** What is here, as the header `Range` has it. Nothing at all is `0-0`, as Docker's registry says it. */
export function uploadRange(size: number): string {
  return `0-${Math.max(0, size - 1)}`;
}
