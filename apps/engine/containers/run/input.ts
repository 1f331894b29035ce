import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { connectSeqpacket } from '../../linux/seqpacket.ts';
import { type Context, pathsOf } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { stdcopyFrame } from './stdcopy.ts';

/** The monitor cuts longer packets silently. */
const MAX_PACKET = 32 * 1024;

/**
 * Feeds a client's bytes to a container's stdin by the monitor's attach socket. All clients share one connection,
 * because the monitor takes the end of any connection for the end of stdin where the program's stdin is to end once.
 * A client that comes before the start is fed from the start on.
 */
export function feedStdin(context: Context, id: string, source: Readable, options: { once: boolean }): void {
  const live = context.live.of(id);
  const begin = () => {
    live.onCreated.delete(begin);
    live.input ??= connect(context, id);
    const { input } = live;
    input.on('close', () => source.resume()); // the program ended: nothing that is typed has a reader
    void pump(source, input, options.once);
  };
  const record = context.store.get(id);
  if (record?.state.status === 'running' || record?.state.status === 'paused') begin();
  else {
    live.onCreated.add(begin);
    source.once('close', () => live.onCreated.delete(begin));
  }
}

/**
 * The one connection to the monitor of a running container. Its packets of output are passed to `onOutput` of the live
 * container where nothing is logged; else output is read from the log.
 */
function connect(context: Context, id: string): Socket {
  const { bundle } = pathsOf(context.config, id);
  const socket = connectSeqpacket(join(bundle, 'attach'));
  const live = context.live.of(id);
  socket.on('error', () => socket.destroy()); // EPIPE, ECONNRESET: the monitor ended
  socket.on('close', () => {
    if (live.input === socket) live.input = undefined;
  });
  socket.on('data', (packet: Buffer) => {
    for (const callback of live.onOutput) callback(packet);
  });
  return socket;
}

/** First byte of a packet from the monitor: which stream it belongs to. */
const STDERR_PACKET = 3;
/** What a client of a container without log may be behind before its connection is cut: nothing is kept to catch up from. */
const MAX_BEHIND = 8 * 1024 * 1024;

/** Output of a container whose log driver is `none`, as frames or bare bytes, straight from the monitor. */
export async function* monitorOutput(
  context: Context,
  record: ContainerRecord,
  options: { stdout: boolean; stderr: boolean; ended: AbortSignal },
): AsyncGenerator<Buffer, void, undefined> {
  const live = context.live.of(record.id);
  const queue: Buffer[] = [];
  let queued = 0;
  let wake: (() => void) | undefined;
  const onOutput = (packet: Buffer) => {
    const stream = packet[0] === STDERR_PACKET ? 2 : 1;
    if (!(stream === 2 ? options.stderr : options.stdout)) return;
    const payload = packet.subarray(1);
    queue.push(record.spec.config.Tty ? payload : stdcopyFrame(stream, payload));
    queued += payload.length;
    wake?.();
  };
  const begin = () => {
    live.onCreated.delete(begin);
    live.input ??= connect(context, record.id);
  };
  options.ended.addEventListener('abort', () => wake?.(), { once: true });
  live.onOutput.add(onOutput);
  if (record.state.status === 'running') begin();
  else live.onCreated.add(begin);
  try {
    while (!options.ended.aborted || queue.length > 0) {
      if (queued > MAX_BEHIND)
        throw new Error('the client reads more slowly than the container writes, and nothing is logged');
      const chunk = queue.shift();
      if (chunk) {
        queued -= chunk.length;
        yield chunk;
      } else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    live.onOutput.delete(onOutput);
    live.onCreated.delete(begin);
  }
}

/** One packet at a time, because queued writes would be joined into one that is too long. */
async function pump(source: Readable, input: Socket, once: boolean): Promise<void> {
  try {
    // The end of what the client sends is not the end of the connection: output still goes the other way.
    for await (const chunk of source.iterator({ destroyOnReturn: false })) {
      for (let at = 0; at < chunk.length; at += MAX_PACKET) {
        if (input.destroyed) return;
        await new Promise<void>((resolve) => input.write(chunk.subarray(at, at + MAX_PACKET), () => resolve()));
      }
    }
    if (once) input.end();
  } catch {
    // the client's connection broke: as with its end, StdinOnce closes the program's stdin
    if (once) input.end();
  }
}
