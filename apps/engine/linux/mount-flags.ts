import { libc } from './libc.ts';
import { cPath } from './path.ts';

const statvfsC = libc.func('int statvfs(const uint8_t *path, _Out_ uint8_t *answer)');
/** Size of struct statvfs on 64-bit Linux, and where `f_flag` is in it (statvfs(3)). */
const SIZE = 112;
const FLAGS_AT = 72;

const WORDS: readonly [flag: number, word: string][] = [
  [1, 'ro'],
  [2, 'nosuid'],
  [4, 'nodev'],
  [8, 'noexec'],
  [1024, 'noatime'],
  [2048, 'nodiratime'],
];

/** What the mount that a path lies on forbids, as mount options; nothing when the path cannot be looked at. */
export function mountFlagsOf(path: string): string[] {
  const answer = Buffer.alloc(SIZE);
  if (statvfsC(cPath(path), answer) < 0) return [];
  const flags = Number(answer.readBigUInt64LE(FLAGS_AT));
  return WORDS.filter(([flag]) => flags & flag).map(([, word]) => word);
}
