import { closeSync, openSync } from 'node:fs';
import { closeForeign } from './close.ts';
import { check, libc } from './libc.ts';

const openTreeC = libc.func('int open_tree(int dir, const char *path, unsigned int flags)');
const moveMountC = libc.func(
  'int move_mount(int from, const char *fromPath, int to, const char *toPath, unsigned int flags)',
);
const mountSetattrC = libc.func(
  'int mount_setattr(int dir, const char *path, unsigned int flags, const uint8_t *attributes, size_t size)',
);

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const OPEN_TREE_CLONE = 1;
const O_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const MOUNT_ATTR_IDMAP = 0x100000n;

/**
 * Mounts a directory at another place with its owners moved into a user namespace: what belongs to 0 on disk belongs to
 * the namespace's 0 there (mount_setattr(2), MOUNT_ATTR_IDMAP). Nothing on disk changes.
 * `userNamespace` is its file, or open. Errors: EINVAL where the file system cannot do it.
 */
export function mountIdmapped(source: string, target: string, userNamespace: string | number): void {
  const tree = check(openTreeC(AT_FDCWD, source, OPEN_TREE_CLONE | O_CLOEXEC), 'open_tree', source);
  try {
    const users = typeof userNamespace === 'number' ? userNamespace : openSync(userNamespace, 'r');
    try {
      // struct mount_attr: attr_set, attr_clr, propagation, userns_fd
      const attributes = Buffer.alloc(32);
      attributes.writeBigUInt64LE(MOUNT_ATTR_IDMAP, 0);
      attributes.writeBigUInt64LE(BigInt(users), 24);
      check(mountSetattrC(tree, '', AT_EMPTY_PATH, attributes, attributes.length), 'mount_setattr', source);
    } finally {
      if (users !== userNamespace) closeSync(users);
    }
    check(moveMountC(tree, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH), 'move_mount', target);
  } finally {
    closeForeign(tree);
  }
}
