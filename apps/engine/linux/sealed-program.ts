import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { check, libc } from './libc.ts';

const memfdCreateC = libc.func('int memfd_create(const char *name, unsigned int flags)');
const fcntlC = libc.func('int fcntl(int fd, int command, int argument)');

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
/** Since Linux 6.3: asks for what older kernels always give, also where the `vm.memfd_noexec` setting says otherwise. */
const MFD_EXEC = 0x10;
const F_ADD_SEALS = 1033;
/** Against further seals, shrinking, growing and writing. */
const ALL_SEALS = 1 | 2 | 4 | 8;

/**
 * A copy of a program in memory that nobody can change any more (memfd_create(2), sealed), not even who looks it up by
 * the /proc of a process that runs it (CVE-2019-5736). OCI runtimes make one of themselves at each start and run it;
 * one that is such a copy already does not, which saves the copying and a second start.
 * Returns a path that any process of this host can execute as long as this process lives. Errors: those of the calls.
 */
export function sealProgram(path: string): string {
  const content = readFileSync(path);
  const writable = makeMemoryFile(`berth:${path.slice(path.lastIndexOf('/') + 1)}`);
  try {
    for (let at = 0; at < content.length; ) at += writeSync(writable, content, at);
    check(fcntlC(writable, F_ADD_SEALS, ALL_SEALS), 'fcntl', `F_ADD_SEALS on the copy of ${path}`);
    // What is open for writing cannot be executed (ETXTBSY).
    return `/proc/${process.pid}/fd/${openSync(`/proc/self/fd/${writable}`, 'r')}`;
  } finally {
    closeSync(writable);
  }
}

function makeMemoryFile(name: string): number {
  const fd = memfdCreateC(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  return fd >= 0 ? fd : check(memfdCreateC(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), 'memfd_create', name);
}
