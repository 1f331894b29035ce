import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

/** The library ends the process where its socket has a descriptor from 1024 on: seen from a process of its own. */
test('rules are read and written also where more than a thousand files are open', () => {
  const module = resolve(import.meta.dirname, '../../../apps/engine/linux/nftables.ts');
  const script = `
    import { closeSync, openSync } from 'node:fs';
    import { Nftables } from ${JSON.stringify(module)};
    const first = new Nftables();
    const open = Array.from({ length: 2000 }, () => openSync('/dev/null', 'r'));
    for (let round = 0; round < 5; round++) {
      const late = new Nftables();
      late.run('add table ip berth_many; delete table ip berth_many');
      late.close();
    }
    first.list('list tables');
    first.close();
    console.log(Math.max(...open));
  `;
  const said = execFileSync('unshare', ['--net', process.execPath, '--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(Number(said)).toBeGreaterThan(1100);
});
