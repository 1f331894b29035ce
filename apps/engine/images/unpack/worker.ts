import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { BerthError } from '@berth/kit';
import { TarParser } from '@berth/oci';
import { describeArchiveError, invalidArchive, RingReader } from '../../archives/index.ts';
import { detachThreadRoot } from '../../linux/chroot.ts';
import { CHUNK, inflated } from './inflate.ts';
import { LayerWriter, type WrittenLayer } from './layer-writer.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

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
  const { source, directory, diffId, limits, isVerified } = request;
  const input = 'path' in source ? new FileSource(source.path) : new RingReader(source.ring);
  const hash = createHash('sha256');
  const parser = new TarParser();
  const writer = new LayerWriter(limits);
  let bytes = 0;
  try {
    root.enter(directory);
    for await (const chunk of inflated(input.pieces(), request.compression, signal)) {
      bytes += chunk.length;
      if (bytes > limits.maxBytes)
        throw invalidArchive('layer archive', `it has more than ${limits.maxBytes} bytes when unpacked`);
      if (!isVerified) hash.update(chunk);
      for (const event of parser.push(chunk)) writer.take(event);
    }
    parser.finish();
    const digest = `sha256:${hash.digest('hex')}`;
    if (!isVerified && digest !== diffId)
      throw invalidArchive('layer archive', `its content has digest ${digest}, the image says ${diffId}`);
    return writer.written();
  } finally {
    input.close();
    writer.abort();
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
