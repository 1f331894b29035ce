import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupHost, detectCgroups } from '../../apps/engine/linux/cgroup.ts';

const host: CgroupHost = detectCgroups();

/** Whether this host has all controllers on version 2. */
export const CGROUP_V2 = host.version === 2;

/** Directory of a group in the hierarchy of a controller. */
export function groupDirectory(controller: string, group: string): string {
  return join(CGROUP_V2 ? host.unified! : (host.mounts.get(controller) ?? '/nonexistent'), group);
}

/** What a control file of a group says: `memory/memory.limit_in_bytes` of version 1, or the file of version 2. */
export function groupFile(group: string, v1: string, v2: string): string {
  const [controller = '', file = ''] = CGROUP_V2 ? ['', v2] : v1.split('/');
  return readFileSync(join(groupDirectory(controller, group), file), 'utf8').trim();
}

/** Whether groups of this host have such a file. */
export function hasGroupFile(group: string, v1: string, v2: string): boolean {
  const [controller = '', file = ''] = CGROUP_V2 ? ['', v2] : v1.split('/');
  return existsSync(join(groupDirectory(controller, group), file));
}
