import { execFileSync } from 'node:child_process';
import { encodeTarFile, encodeTarHeader, TAR_END } from '@berth/oci';

/** cap_net_raw+ep, as setcap writes it. */
const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');

/** An archive with owners, modes, links, a fifo and extended attributes. */
export function archive(compression: 'plain' | 'gzip' | 'bzip2' | 'xz'): Buffer {
  const own = { uid: 5, gid: 6, mtime: 1_600_000_000_000_000_000n };
  const xattrs = new Map([['security.capability', CAPABILITY]]);
  const bytes = Buffer.concat([
    encodeTarHeader({ ...own, name: 'd/', type: 'directory', mode: 0o750 }),
    encodeTarFile({ ...own, name: 'd/f', mode: 0o640 }, Buffer.from('content')),
    encodeTarHeader({ ...own, name: 'd/hard', type: 'hardlink', linkName: 'd/f', mode: 0o640 }),
    encodeTarHeader({ ...own, name: 'link', type: 'symlink', linkName: 'd/f' }),
    encodeTarHeader({ ...own, name: 'fifo', type: 'fifo', mode: 0o600 }),
    encodeTarFile({ ...own, name: 'ping', mode: 0o755, xattrs }, Buffer.from('program')),
    TAR_END,
  ]);
  return compression === 'plain' ? bytes : execFileSync(compression, ['-c'], { input: bytes });
}
