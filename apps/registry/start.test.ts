import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@berth/kit';
import { expect, test } from 'vitest';
import { readConfig } from './settings/config.ts';
import { startRegistry } from './start.ts';

/** Warnings of a start with these settings. */
async function warnings(settings: (folder: string) => object): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-registry-start-'));
  writeFileSync(join(folder, 'htpasswd'), 'alice:$2y$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi\n');
  const lines: string[] = [];
  const log = createLogger('warn', 'text', (line) => lines.push(/msg="([^"]*)"/.exec(line)?.[1] ?? line));
  try {
    await (await startRegistry(readConfig({ root: join(folder, 'root'), ...settings(folder) }, ''), log)).stop();
  } finally {
    rmSync(folder, { recursive: true });
  }
  return lines;
}

test('what is open to others is said', async () => {
  expect(await warnings(() => ({ listen: '127.0.0.1:0', watch: { listen: 'localhost:0' } }))).toEqual([]);
  expect(await warnings(() => ({ listen: ':0', watch: { listen: '0.0.0.0:0' } }))).toEqual([
    'anybody who reaches this address may read figures of the registry',
    'anybody who reaches this address may push and delete: no users and no rules are set',
  ]);
  expect(await warnings((folder) => ({ listen: ':0', access: { htpasswd: join(folder, 'htpasswd') } }))).toEqual([
    'passwords and tokens cross the network in the clear: no TLS is set',
  ]);
});
