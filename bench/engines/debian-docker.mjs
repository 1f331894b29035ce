// @ts-check
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDebianPackages } from '../../tools/setup/debian-packages.mjs';
import { ROOT } from '../../tools/setup/report.mjs';
import { mustRun } from '../../tools/setup/run.mjs';
import { dockerProgram } from '../../tools/setup/test-programs.mjs';
import { removeCgroups, startDaemon } from './scratch.mjs';

const TREE = join(ROOT, '.cache/debian-docker');
/** What makes up Debian's Docker; taken out of their packages, so that no service is ever installed or started. */
const PACKAGES = ['docker.io', 'containerd', 'tini'];

/**
 * Starts Debian's Docker with a data root, socket and state of its own. Call it in a network namespace of its own: it
 * makes a bridge called docker0 and iptables rules.
 *
 * @param {string} scratch
 * @returns {Promise<{ engine: import('../engine.mjs').Engine, stop: () => Promise<void> }>}
 */
export async function startDebianDocker(scratch) {
  await fetchOnce();
  await ensureDebianPackages({ runc: 'Docker runs containers with it', iptables: 'Docker publishes ports with it' });
  const socket = join(scratch, 'docker.sock');
  const args = [
    '--data-root',
    join(scratch, 'docker-data'),
    '--exec-root',
    join(scratch, 'docker-exec'),
    '--pidfile',
    join(scratch, 'docker.pid'),
    '--host',
    `unix://${socket}`,
    '--storage-driver',
    'overlay2',
  ];
  const path = [join(TREE, 'usr/bin'), join(TREE, 'usr/sbin')].join(':');
  const daemon = await startDaemon({
    program: join(TREE, 'usr/sbin/dockerd'),
    args,
    path,
    socket,
    log: join(scratch, 'docker.log'),
  });
  return {
    engine: {
      name: 'docker',
      cli: [dockerProgram()],
      host: `unix://${socket}`,
      processes: /dockerd|containerd|docker-proxy/,
    },
    stop: async () => {
      await daemon.stop();
      removeCgroups('docker');
    },
  };
}

async function fetchOnce() {
  if (existsSync(TREE)) return;
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const unpacking = mkdtempSync(join(ROOT, '.cache/unpack-'));
  try {
    await mustRun("download Debian's Docker", 'apt-get', ['download', '-q', ...PACKAGES], {
      cwd: unpacking,
      hint: 'Look whether the Debian mirror can be reached: `apt-get update`.',
    });
    for (const file of readdirSync(unpacking))
      await mustRun(`unpack ${file}`, 'dpkg-deb', ['--extract', file, 'tree'], { cwd: unpacking });
    renameSync(join(unpacking, 'tree'), TREE);
  } finally {
    rmSync(unpacking, { recursive: true, force: true });
  }
}
