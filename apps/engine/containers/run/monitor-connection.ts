import type { Socket } from 'node:net';
import { join } from 'node:path';
import { errnoOf } from '@berth/kit';
import { connectSeqpacket } from '../../linux/seqpacket.ts';
import { type Context, pathsOf } from '../context.ts';

/**
 * The one connection to the monitor of a running container; undefined when the monitor has just ended. Its packets of
 * output are passed to `onOutput` of the live container where nothing is logged; else output is read from the log.
 */
export function connectMonitor(context: Context, id: string): Socket | undefined {
  const live = context.live.of(id);
  if (live.input) return live.input;
  let socket: Socket;
  try {
    socket = connectSeqpacket(join(pathsOf(context.config, id).bundle, 'attach'));
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
  live.input = socket;
  socket.setMaxListeners(0); // one for each attached client
  socket.on('error', () => socket.destroy()); // EPIPE, ECONNRESET: the monitor ended
  socket.on('end', () => socket.destroy());
  socket.on('close', () => {
    if (live.input === socket) live.input = undefined;
  });
  socket.on('data', (packet: Buffer) => {
    for (const callback of live.onOutput) callback(packet);
  });
  return socket;
}
