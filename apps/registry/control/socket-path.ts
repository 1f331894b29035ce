import { closeSync, openSync } from 'node:fs';

/** Most bytes of a socket's path. */
const PATH_MAX = 107;

/**
 * Calls `work` with the path of the control socket below `root`; one that is too long for the kernel goes by way of an
 * open folder.
 */
export async function withSocketPath<T>(root: string, work: (path: string) => Promise<T>): Promise<T> {
  const path = `${root}/control.sock`;
  if (Buffer.byteLength(path) <= PATH_MAX) return work(path);
  const folder = openSync(root, 'r');
  try {
    return await work(`/proc/self/fd/${folder}/control.sock`);
  } finally {
    closeSync(folder);
  }
}
