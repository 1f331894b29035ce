import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { BerthError } from '@berth/kit';
import { TarParser } from '@berth/oci';
import { describeArchiveError, invalidArchive, RingReader } from '../../archives/index.ts';
import { detachThreadRoot } from '../../linux/chroot.ts';
import { CHUNK, inflated } from './inflate.ts';
import { LayerWriter, type WrittenLayer } from './layer-writer.ts';
import type { FromWorker, LayerLimits, ToWorker } from './protocol.ts';

/**
 * Worker thread that unpacks layers, one at a time, with the layer's directory as its root. Everything that touches the
 * layer is synchronous and so runs on this thread; reading the archive and inflating go over descriptors and memory.
 */
const root = detachThreadRoot();
const engine = parentPort!;
let present: AbortController | undefined;

engine.on('message', (message: ToWorker) => {
  if (message.kind === 'cancel') present?.abort();
  else void answer(message);
});

async function answer(request: ToWorker & { kind: 'unpack' }): Promise<void> {
  const abort = new AbortController();
  present = abort;
  let reply: FromWorker;
  try {
    reply = { ok: true, layer: await unpack(request, abort.signal) };
  } catch (error) {
    const known = describeArchiveError('layer archive', error);
    reply =
      known instanceof BerthError
        ? { ok: false, code: known.code, message: known.message, hint: known.hint }
        : { ok: false, code: abort.signal.aborted ? 'canceled' : 'internal', message: String(known), hint: undefined };
  } finally {
    present = undefined;
    root.leave();
  }
  engine.postMessage(reply);
}

async function unpack(request: ToWorker & { kind: 'unpack' }, signal: AbortSignal): Promise<WrittenLayer> {
  const { source, directory, diffId, isVerified, isCheck } = request;
  const input = 'path' in source ? new FileSource(source.path) : new RingReader(source.ring);
  const hash = createHash('sha256');
  const parser = new TarParser();
  const bounds = new Bounds(request.limits);
  const writer = new LayerWriter(request.limits);
  try {
    root.enter(directory);
    for await (const chunk of inflated(bounds.fed(input.pieces()), request.compression, signal)) {
      bounds.take(chunk.length);
      if (!isVerified) hash.update(chunk);
      if (!isCheck) for (const event of parser.push(chunk)) writer.take(event);
    }
    if (!isCheck) parser.finish();
    const digest = `sha256:${hash.digest('hex')}`;
    if (!isVerified && digest !== diffId)
      throw invalidArchive('layer archive', `its content has digest ${digest}, the image says ${diffId}`);
    const written = writer.written();
    // A file is as large as it says before its bytes come, and holes never do.
    bounds.check(written.size);
    return written;
  } finally {
    input.close();
    writer.abort();
  }
}

/** How large a layer may be, by what was read of it so far: whoever announces its size may announce any. */
class Bounds {
  readonly #limits: LayerLimits;
  #fed = 0;
  #bytes = 0;

  constructor(limits: LayerLimits) {
    this.#limits = limits;
  }

  /** Counts what goes into the inflating. */
  async *fed(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
    for await (const piece of pieces) {
      this.#fed += piece.length;
      yield piece;
    }
  }

  /** Counts what comes out. Errors: invalid. */
  take(bytes: number): void {
    this.#bytes += bytes;
    this.check(this.#bytes);
  }

  /** Errors: invalid. */
  check(bytes: number): void {
    const { maxBytes, minBytes, growth } = this.#limits;
    const most = Math.min(maxBytes, minBytes + growth * this.#fed);
    if (bytes > most) throw invalidArchive('layer archive', `it has more than ${most} bytes when unpacked`);
  }
}

/** The pieces of a file; each is only valid until the next is asked for. */
class FileSource {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
  }

  async *pieces(): AsyncGenerator<Buffer, void> {
    const buffer = Buffer.allocUnsafeSlow(CHUNK);
    for (let length = 1; length > 0; ) {
      length = readSync(this.#fd, buffer);
      if (length > 0) yield buffer.subarray(0, length);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
