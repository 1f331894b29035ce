import type { CopyItem } from './protocol.ts';

/**
 * Items as one text: what goes to another thread as objects is cloned member by member, which for thousands of files takes
 * longer than copying them.
 */
export function packItems(items: readonly CopyItem[]): string {
  return JSON.stringify(
    items.map(({ to, name, from, type, mode, uid, gid, mtime, size, link, rdev, xattrs }) => {
      const row = [to, name, from, type, mode, uid, gid, String(mtime), size, link, String(rdev)] as const;
      if (xattrs.size === 0) return row;
      return [...row, [...xattrs].map(([key, value]) => [key, Buffer.from(value).toString('base64')])];
    }),
  );
}

type Row = [
  ...[to: string, name: string, from: string, type: CopyItem['type'], mode: number, uid: number, gid: number],
  ...[mtime: string, size: number, link: string, rdev: string, xattrs?: [string, string][]],
];

const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();

export function unpackItems(text: string): CopyItem[] {
  return (JSON.parse(text) as Row[]).map(
    ([to, name, from, type, mode, uid, gid, mtime, size, link, rdev, xattrs]): CopyItem => ({
      ...{ to, name, from, type, mode, uid, gid, size, link },
      mtime: BigInt(mtime),
      rdev: BigInt(rdev),
      xattrs: xattrs ? new Map(xattrs.map(([key, value]) => [key, Buffer.from(value, 'base64')])) : NO_XATTRS,
    }),
  );
}
