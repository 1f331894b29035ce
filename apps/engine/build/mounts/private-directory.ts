import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from '@berth/kit';
import { MS, mount, unmount } from '../../linux/mount.ts';

/** Files of one step that are in memory only: secrets, sockets of agents, scripts. */
export interface PrivateDirectory {
  /** A path for a new file. */
  file(): string;
}

/** Nobody but the engine passes: what a step is given of it is mounted, and a mount needs no way. */
const MODE = 0o700;
const OPTIONS = 'size=64m,mode=700';

/** A directory below EXEC/build that is made when it is first asked for; `scope` takes it down. */
export function privateDirectory(execRoot: string, scope: Scope): PrivateDirectory {
  let path: string | undefined;
  let serial = 0;
  const make = () => {
    const root = join(execRoot, 'build');
    mkdirSync(root, { recursive: true, mode: MODE });
    chmodSync(root, MODE); // an engine before this one may have made it
    const made = join(root, randomBytes(8).toString('hex'));
    mkdirSync(made, { mode: MODE });
    scope.add('remove a private directory', () => {
      unmount(made, { lazy: true });
      rmSync(made, { recursive: true, force: true });
    });
    mount('tmpfs', made, 'tmpfs', MS.NOSUID | MS.NODEV, OPTIONS);
    return made;
  };
  return {
    file: () => {
      path ??= make();
      return join(path, String(serial++));
    },
  };
}

/** Takes down what an engine before this one left. */
export function sweepPrivateDirectories(execRoot: string): void {
  const root = join(execRoot, 'build');
  if (!existsSync(root)) return;
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${root}/`));
  for (const point of points.reverse()) unmount(point, { lazy: true });
  for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true, force: true });
}
