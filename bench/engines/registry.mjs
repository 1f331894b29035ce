// @ts-check
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT } from '../../tools/setup/report.mjs';

const ADDRESS = '127.0.0.1:5000';
const TEST_PROGRAMS = join(ROOT, '.cache/test-programs/bin');

/**
 * Starts Debian's docker-registry on a private host, with its data in the scratch folder; it ends with the host.
 *
 * @param {string} scratch
 * @returns {Promise<string>} host and port
 */
export async function startRegistry(scratch) {
  const config = join(scratch, 'registry.yml');
  const storage = { filesystem: { rootdirectory: join(scratch, 'registry') } };
  // JSON is YAML.
  const settings = {
    version: '0.1',
    log: { level: 'error' },
    storage,
    http: { addr: ADDRESS, secret: 'not a secret' },
  };
  writeFileSync(config, JSON.stringify(settings));
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), TEST_PROGRAMS];
  const program = folders.map((folder) => join(folder, 'docker-registry')).find(existsSync);
  if (program === undefined) throw new Error('docker-registry is not here: `npm start` gets it');
  spawn(program, ['serve', config], { stdio: 'ignore' }).unref();
  for (let attempt = 0; !(await listens()); attempt++) {
    if (attempt === 100) throw new Error('docker-registry does not listen');
    await delay(100);
  }
  return ADDRESS;
}

/** @returns {Promise<boolean>} */
function listens() {
  return new Promise((resolve) => {
    const socket = connect(5000, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
