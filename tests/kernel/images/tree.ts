import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { getXattr, listXattrs } from '../../../apps/engine/linux/xattr.ts';

/** Everything that can be seen of each file below `root`, by its path (bytes as latin1). */
export function describeTree(root: string): Record<string, Record<string, string | number>> {
  const tree: Record<string, Record<string, string | number>> = {};
  const inodes = new Map<bigint, string>();
  const visit = (path: Buffer, name: string) => {
    const stat = lstatSync(path, { bigint: true });
    const xattrs = listXattrs(path)
      .sort()
      .map((key) => `${key}=${getXattr(path, key)?.toString('hex')}`);
    tree[name] = {
      mode: `0${stat.mode.toString(8)}`,
      owner: `${stat.uid}:${stat.gid}`,
      mtime: String(stat.mtimeNs),
      links: stat.isDirectory() ? 0 : Number(stat.nlink),
      sameAs: inodes.get(stat.ino) ?? '',
      device: String(stat.rdev),
      xattrs: xattrs.join(' '),
      content: stat.isFile()
        ? createHash('sha256').update(readFileSync(path)).digest('hex')
        : stat.isSymbolicLink()
          ? readlinkSync(path, { encoding: 'latin1' })
          : '',
    };
    if (!stat.isDirectory()) inodes.set(stat.ino, name);
    else {
      for (const child of readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare)) {
        visit(Buffer.concat([path, Buffer.from('/'), child]), `${name}/${child.toString('latin1')}`);
      }
    }
  };
  visit(Buffer.from(root), '.');
  return tree;
}
