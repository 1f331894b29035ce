import { check, libc } from '../../apps/engine/linux/libc.ts';
import { run } from './docker.ts';

const unshare = libc.func('int unshare(int flags)');
const CLONE_NEWNET = 0x40000000;

let entered = false;

/**
 * Moves this test file's process into a network namespace of its own, for good: every port is free in it, and what it
 * starts and connects to is in there too. Call it first in a file, once or more often; files are processes of their own.
 */
export async function enterOwnNetwork(): Promise<void> {
  if (entered) return;
  entered = true;
  check(unshare(CLONE_NEWNET), 'unshare', 'network namespace');
  const raised = await run('ip', ['link', 'set', 'lo', 'up']);
  if (raised.code !== 0) throw new Error(`cannot raise the loopback link: ${raised.stderr}`);
}
