import { parentPort, workerData } from 'node:worker_threads';
import { copyTree } from '../linux/copy-tree.ts';
import type { CopyJob, CopyReply } from './copy.ts';

/** Thread that makes one copy and ends. Descriptors are the process's, so their numbers mean the same here. */
const { source, target } = workerData as CopyJob;
let reply: CopyReply;
try {
  reply = { figures: copyTree(source, target) };
} catch (error) {
  reply = { message: error instanceof Error ? error.message : String(error) };
}
parentPort!.postMessage(reply);
