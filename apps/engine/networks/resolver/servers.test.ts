import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HostServers } from './servers.ts';

test("the host's servers are those of its resolv.conf as it is now", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-servers-'));
  const path = join(folder, 'resolv.conf');
  try {
    const servers = new HostServers(path);
    expect(servers.now()).toEqual(['8.8.8.8', '8.8.4.4']); // no file
    const become = (...wanted: string[]) => expect.poll(() => servers.now(), { timeout: 5000 }).toEqual(wanted);
    writeFileSync(
      path,
      'search a.test\nnameserver 192.0.2.1\n# nameserver 192.0.2.9\nnameserver fe80::1%eth0\nnameserver x\n',
    );
    await become('192.0.2.1', 'fe80::1');
    // Written anew, as programs do it that hand out addresses: another file under the same name.
    writeFileSync(`${path}.new`, 'nameserver 127.0.0.53\n');
    renameSync(`${path}.new`, path);
    await become('127.0.0.53');
    writeFileSync(path, '');
    await become('8.8.8.8', '8.8.4.4');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
