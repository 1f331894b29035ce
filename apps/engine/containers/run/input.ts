import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Context } from '../context.ts';
import { connectMonitor } from './monitor-connection.ts';

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
    const input = connectMonitor(context, id);
    if (!input) {
      source.resume(); // the program has ended: nothing that is typed has a reader
      return;
    }
    const drop = () => source.resume();
    input.on('close', drop);
    source.once('close', () => input.off('close', drop));
    void pump(source, input, options.once);
  };
  const record = context.store.get(id);
  if (record?.state.status === 'running' || record?.state.status === 'paused') begin();
  else {
    live.onCreated.add(begin);
    source.once('close', () => live.onCreated.delete(begin));
  }
}

async function pump(source: Readable, input: Socket, once: boolean): Promise<void> {
  try {
    // The end of what the client sends is not the end of the connection: output still goes the other way.
    for await (const chunk of source.iterator({ destroyOnReturn: false })) {
      for (let at = 0; at < chunk.length; at += MAX_PACKET) {
        if (input.destroyed) return;
        await send(input, chunk.subarray(at, at + MAX_PACKET));
      }
    }
    if (once) input.end();
  } catch {
    // the client's connection broke: as with its end, StdinOnce closes the program's stdin
    if (once) input.end();
  }
}

/** The last packet under way on each connection. */
const sending = new WeakMap<Socket, Promise<void>>();

/** One packet at a time, over all clients: queued writes would be joined into one that is too long. */
function send(input: Socket, packet: Buffer): Promise<void> {
  const sent = (sending.get(input) ?? Promise.resolve()).then(
    () => new Promise<void>((resolve) => input.write(packet, () => resolve())),
  );
  sending.set(input, sent);
  return sent;
}
