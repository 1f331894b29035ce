import { Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kit';
import { type CopyFigures, copyTree, isSmallTree } from '../linux/copy-tree.ts';

/** What is copied on the event loop: about a millisecond. */
const SMALL = { entries: 32, bytes: 256 * 1024 };

/** What the worker is asked, and what it answers. */
export interface CopyJob {
  source: number;
  target: number;
}
export type CopyReply = { figures: CopyFigures } | { message: string };

/** Copies one open directory into another (linux/copy-tree.ts); much is copied by a thread that ends with its work. */
export async function copyInto(source: number, target: number): Promise<CopyFigures> {
  if (isSmallTree(source, SMALL)) return copyTree(source, target);
  const worker = new Worker(new URL('./copy-worker.ts', import.meta.url), {
    workerData: { source, target } satisfies CopyJob,
  });
  const reply = await new Promise<CopyReply>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => reject(new BerthError('canceled', 'the copying was ended')));
  });
  if ('message' in reply) throw new BerthError('internal', `cannot copy: ${reply.message}`);
  return reply.figures;
}
