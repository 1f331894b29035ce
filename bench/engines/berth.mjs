// @ts-check
import { basename, join } from 'node:path';
import { ROOT } from '../../tools/setup/report.mjs';
import { dockerProgram } from '../../tools/setup/test-programs.mjs';
import { startDaemon } from './start-daemon.mjs';

/**
 * Starts the engine of dist/ with roots, names and a socket of its own.
 *
 * @param {string} scratch
 * @param {{ runtime?: string }} [options]
 * @returns {Promise<{ engine: import('../engine.mjs').Engine, client: import('../engine.mjs').Engine }>}
 *   `engine` is spoken to with Docker's own client, `client` with Berth's
 */
export async function startBerth(scratch, { runtime } = {}) {
  const socket = join(scratch, 'berth.sock');
  const data = join(scratch, 'berth-data');
  const args = [
    join(ROOT, 'dist/engine/main.mjs'),
    ...['--data-root', data, '--exec-root', join(scratch, 'berth-exec'), '--host', `unix://${socket}`],
    ...['--bridge', 'versus0', '--bip', '10.254.0.1/20', '--nft-table', 'berth_versus'],
    ...['--cgroup-parent', `/${basename(scratch)}`],
    ...(runtime === undefined ? [] : ['--runtime', runtime]),
  ];
  await startDaemon({ program: join(ROOT, 'dist/engine/node'), args, socket, log: join(scratch, 'berth.log') });
  const host = `unix://${socket}`;
  return {
    // The engine and everything that it starts names one of its folders in its arguments.
    engine: { name: 'berth', cli: [dockerProgram()], host, processes: new RegExp(`${scratch}/berth-`) },
    client: { name: 'berth-cli', cli: [join(ROOT, 'dist/bin/berth')], host },
  };
}
