import { parentPort } from 'node:worker_threads';
import { errnoOf } from '@berth/kit';
import type { FromWorker } from './index.ts';
import { type Block, packBlock } from './pack-block.ts';

/** Thread that compresses blocks of files, one at a time. The engine keeps the file open meanwhile. */
const engine = parentPort!;

engine.on('message', (block: Block) => {
  let reply: FromWorker;
  try {
    reply = { ok: true, packed: packBlock(block) };
  } catch (error) {
    reply = { ok: false, code: errnoOf(error), message: String(error) };
  }
  engine.postMessage(reply, reply.ok ? [reply.packed.bytes.buffer] : []);
});
