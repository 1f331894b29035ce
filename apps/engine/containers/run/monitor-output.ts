import type { Socket } from 'node:net';
import type { Context } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { connectMonitor } from './monitor-connection.ts';
import { stdcopyFrame } from './stdcopy.ts';

/** First byte of a packet from the monitor: which stream it belongs to. */
const STDERR_PACKET = 3;
/** What a client of a container without log may be behind before the container has to wait for it, and when it goes on. */
const BEHIND_MAX = 1024 * 1024;
const BEHIND_LOW = 256 * 1024;

/**
 * Output of a container whose log driver is `none`, as frames or bare bytes, straight from the monitor. Nothing is kept
 * to catch up from, so a client that does not read holds the program up, as with Docker.
 */
export function monitorOutput(
  context: Context,
  record: ContainerRecord,
  options: { stdout: boolean; stderr: boolean; ended: AbortSignal },
): AsyncIterableIterator<Buffer> {
  const live = context.live.of(record.id);
  const queue = new OutputQueue();
  let socket: Socket | undefined;
  const onOutput = (packet: Buffer) => {
    const stream = packet[0] === STDERR_PACKET ? 2 : 1;
    if (!(stream === 2 ? options.stderr : options.stdout)) return;
    const payload = packet.subarray(1);
    queue.add(record.spec.config.Tty ? payload : stdcopyFrame(stream, payload));
    if (queue.size > BEHIND_MAX && socket) holdUp(socket, queue);
  };
  const finish = () => queue.finish();
  const begin = () => {
    live.onCreated.delete(begin);
    live.onOutput.add(onOutput);
    socket = connectMonitor(context, record.id);
    if (!socket) return finish();
    options.ended.removeEventListener('abort', finish); // from now on the end is that of the connection, with all before it
    socket.once('close', finish);
    queue.onLow = () => socket && letGo(socket, queue);
  };
  queue.onClosed = () => {
    live.onOutput.delete(onOutput);
    live.onCreated.delete(begin);
    options.ended.removeEventListener('abort', finish);
    socket?.off('close', finish);
    if (socket) letGo(socket, queue);
  };
  options.ended.addEventListener('abort', finish);
  if (record.state.status === 'running') begin();
  else live.onCreated.add(begin);
  return queue;
}

/** Which clients are too far behind, by connection: it is read again when there is none left. */
const behind = new WeakMap<Socket, Set<object>>();

/** The program has to wait, for this client's sake, until it is let go. */
export function holdUp(socket: Socket, client: object): void {
  const waiting = behind.get(socket) ?? new Set();
  behind.set(socket, waiting.add(client));
  socket.pause();
}

export function letGo(socket: Socket, client: object): void {
  if (behind.get(socket)?.delete(client) && behind.get(socket)?.size === 0) socket.resume();
}

/** What one client has yet to get. */
class OutputQueue implements AsyncIterableIterator<Buffer> {
  size = 0;
  /** Called when little is left. */
  onLow: (() => void) | undefined;
  /** Called when the client has all, or wants no more. */
  onClosed: (() => void) | undefined;
  readonly #chunks: Buffer[] = [];
  #finished = false;
  #wake: (() => void) | undefined;

  [Symbol.asyncIterator](): this {
    return this;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.size += chunk.length;
    this.#wake?.();
  }

  /** Nothing more will be added. */
  finish(): void {
    this.#finished = true;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<Buffer, undefined>> {
    while (this.#chunks.length === 0 && !this.#finished)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    const chunk = this.#chunks.shift();
    if (!chunk) return this.return();
    this.size -= chunk.length;
    if (this.size < BEHIND_LOW) this.onLow?.();
    return { done: false, value: chunk };
  }

  async return(): Promise<{ done: true; value: undefined }> {
    this.#chunks.length = 0;
    this.finish();
    this.onClosed?.();
    return { done: true, value: undefined };
  }
}
