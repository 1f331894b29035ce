import type { PullExplainedLayer } from '@berth/contract';
import { BerthError, isBerthError } from '@berth/kit';
import { type BlobStore, type BlobToRead, type BlobWriter, type RegistrySession, readBlobFrom } from '@berth/oci';

export interface DownloadContext {
  blobs: BlobStore;
  session: RegistrySession;
  /** Repository inside the registry. */
  repository: string;
  /** Gets bytes, their origin and what took how long. */
  noted: Pick<PullExplainedLayer, 'from' | 'received' | 'kept' | 'times'>;
}

/** A download into the blob store whose bytes can be read while they come. One of `finish`, `suspend`, `discard` ends it. */
export interface Download {
  /** Bytes that were here from an earlier attempt. */
  readonly kept: number;
  /** Why bytes stopped coming. */
  readonly failure: unknown;
  /** All bytes from the first on. May be left unread, or be left before its end. */
  stream(): AsyncGenerator<Buffer>;
  /** Brings what is missing, checks the digest and makes the blob visible. Errors: invalid, unavailable. */
  finish(): Promise<void>;
  /** Leaves what came for the next attempt. */
  suspend(): Promise<void>;
  /** Removes what came. */
  discard(): Promise<void>;
}

/** Begins a download, or goes on with one that was interrupted. `onProgress` gets the bytes that are here. */
export async function startDownload(
  { blobs, session, repository, noted }: DownloadContext,
  blob: BlobToRead,
  onProgress: (at: number) => void,
): Promise<Download> {
  const writer = await blobs.resume({ digest: blob.digest, size: blob.size });
  noted.kept = writer.keptSize;
  const onReceived = (bytes: number, { origin }: URL) => {
    noted.received += bytes;
    noted.from = origin;
  };
  const here = writer.kept();
  let coming: AsyncGenerator<Buffer, void, undefined> | undefined;
  let failure: unknown;
  const next = async (): Promise<Buffer | undefined> => {
    try {
      if (coming === undefined) {
        const { done, value } = await here.next();
        if (done !== true) return value;
        coming = readBlobFrom(session, repository, blob, writer.written, onReceived);
      }
      const { done, value } = await timed(noted.times, 'download', coming.next());
      if (done === true) return undefined;
      await timed(noted.times, 'verify', writer.write(value));
      onProgress(writer.written);
      return value;
    } catch (error) {
      failure ??= error;
      throw error;
    }
  };
  const stop = async () => {
    await here.return();
    await coming?.return();
  };
  return {
    kept: writer.keptSize,
    get failure() {
      return failure;
    },
    // Not a "for await" over the sources: leaving it must not end the download.
    stream: async function* () {
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk;
    },
    finish: async () => {
      while ((await next()) !== undefined);
      await stop();
      await timed(noted.times, 'verify', commit(writer, blob));
    },
    suspend: async () => {
      await stop();
      await writer.suspend();
    },
    discard: async () => {
      await stop();
      await writer.abort();
    },
  };
}

/** Adds the time that a piece of work takes. */
async function timed<K extends string, T>(times: Record<K, number>, stage: K, work: Promise<T>): Promise<T> {
  const began = performance.now();
  try {
    return await work;
  } finally {
    times[stage] += performance.now() - began;
  }
}

/** Errors: invalid, in Docker's words. */
async function commit(writer: BlobWriter, { digest }: BlobToRead): Promise<void> {
  try {
    await writer.commit();
  } catch (cause) {
    if (!isBerthError(cause, 'invalid')) throw cause;
    const message = `filesystem layer verification failed for digest ${digest}: ${cause.message}`;
    throw new BerthError('invalid', message, { cause });
  }
}
