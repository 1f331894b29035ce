import type { FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';

/** Read and written at a time; two of these are held for each file on its way. */
const BYTES = 256 * 1024;

/**
 * Writes a file, or the part between two offsets (both inclusive), into `sink` and ends it: the next piece is read while
 * one is written, into memory that is used again, which takes half the time of a stream. So the sink must be one that
 * has taken the bytes when it says that they are written, as sockets do. Fails when it is closed before its end.
 */
export async function sendFile(
  file: FileHandle,
  { start, end }: { start: number; end: number },
  sink: Writable,
): Promise<void> {
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(() => {}); // when nobody waits any more
  const onClose = () => closed.reject(Object.assign(new Error('Premature close'), { code: CLOSED }));
  sink.once('close', onClose);
  if (sink.destroyed) onClose();
  try {
    const size = Math.min(BYTES, end - start + 1);
    const buffers = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)] as const;
    let written: Promise<void> = Promise.resolve();
    for (let at = start, n = 0; at <= end; n++) {
      const buffer = buffers[n % 2 === 0 ? 0 : 1];
      const { bytesRead } = await file.read(buffer, 0, Math.min(size, end - at + 1), at);
      if (bytesRead === 0) throw new Error('the file is shorter than it was');
      at += bytesRead;
      await Promise.race([written, closed.promise]);
      written = write(sink, buffer.subarray(0, bytesRead));
      written.catch(() => {}); // it is waited for in the next round
    }
    await Promise.race([written, closed.promise]);
    sink.end();
  } finally {
    sink.off('close', onClose);
  }
}

/** As streams of Node call it. */
const CLOSED = 'ERR_STREAM_PREMATURE_CLOSE';

/** Resolves when the bytes are no longer needed. */
function write(sink: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    sink.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
