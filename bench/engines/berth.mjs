// @ts-check
import { join } from 'node:path';
import { build } from '../../tools/build.mjs';
import { ROOT } from '../../tools/setup/report.mjs';
import { dockerProgram } from '../../tools/setup/test-programs.mjs';
import { removeCgroups, startDaemon } from './scratch.mjs';

const CGROUP = 'berth-versus';

/**
 * Starts the engine of dist/ (built first) with roots, names and a socket of its own.
 *
 * @param {string} scratch
 * @param {{ runtime?: string }} [options]
 * @returns {Promise<{ engine: import('../engine.mjs').Engine, client: import('../engine.mjs').Engine, stop: () => Promise<void> }>}
 *   `engine` is spoken to with Docker's own client, `client` with Berth's
 */
export async function startBerth(scratch, { runtime } = {}) {
  await build();
  const socket = join(scratch, 'berth.sock');
  const args = [
    join(ROOT, 'dist/engine/main.mjs'),
    ...[
      '--data-root',
      join(scratch, 'berth-data'),
      '--exec-root',
      join(scratch, 'berth-exec'),
      '--host',
      `unix://${socket}`,
    ],
    ...[
      '--bridge',
      'versus0',
      '--bip',
      '10.254.0.1/20',
      '--nft-table',
      'berth_versus',
      '--cgroup-parent',
      `/${CGROUP}`,
    ],
    ...(runtime === undefined ? [] : ['--runtime', runtime]),
  ];
  const daemon = await startDaemon({
    program: join(ROOT, 'dist/engine/node'),
    args,
    socket,
    log: join(scratch, 'berth.log'),
  });
  const host = `unix://${socket}`;
  const processes = new RegExp(scratch);
  return {
    engine: { name: 'berth', cli: [dockerProgram()], host, processes },
    client: { name: 'berth-cli', cli: [join(ROOT, 'dist/bin/berth')], host },
    stop: async () => {
      await daemon.stop();
      removeCgroups(CGROUP);
    },
  };
}
