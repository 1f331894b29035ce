import { globSync } from 'node:fs';

/**
 * Whether containers of an engine with default settings run on this host. Control groups are in no namespace of a test's
 * own: a second engine with these settings, wherever it lives, would take such containers for leftovers of its own.
 */
export function hasDefaultContainers(): boolean {
  return globSync(['/sys/fs/cgroup/berth/*/cgroup.procs', '/sys/fs/cgroup/*/berth/*/cgroup.procs']).length > 0;
}
