// @ts-check
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ensureDebianPackages } from '../../tools/setup/debian-packages.mjs';
import { ROOT } from '../../tools/setup/report.mjs';
import { mustRun } from '../../tools/setup/run.mjs';
import { dockerProgram } from '../../tools/setup/test-programs.mjs';
import { startDaemon } from './start-daemon.mjs';

const TREE = join(ROOT, '.cache/debian-docker');
/** What makes up Debian's Docker; taken out of their packages, so that no service is ever installed or started. */
const PACKAGES = ['docker.io', 'containerd', 'tini'];

/**
 * Starts Debian's Docker on a private host (`private-host.mjs`): it makes a bridge called docker0 and iptables rules.
 *
 * @param {string} scratch
 * @returns {Promise<import('../engine.mjs').Engine>}
 */
export async function startDebianDocker(scratch) {
  const socket = join(scratch, 'docker.sock');
  const args = [
    ...['--data-root', join(scratch, 'docker-data'), '--exec-root', join(scratch, 'docker-exec')],
    ...['--pidfile', join(scratch, 'docker.pid'), '--host', `unix://${socket}`],
    ...['--storage-driver', 'overlay2', '--cgroup-parent', `/${basename(scratch)}`],
  ];
  const path = [join(TREE, 'usr/bin'), join(TREE, 'usr/sbin')].join(':');
  await startDaemon({ program: join(TREE, 'usr/sbin/dockerd'), args, path, socket, log: join(scratch, 'docker.log') });
  return {
    name: 'docker',
    cli: [dockerProgram()],
    host: `unix://${socket}`,
    processes: /dockerd|containerd|docker-proxy/,
  };
}

/**
 * Has the daemon's programs here; needs the network, which the private namespace does not have.
 *
 * @returns {Promise<{ said: string, value: undefined }>}
 */
export async function fetchDebianDocker() {
  await ensureDebianPackages({ runc: 'Docker runs containers with it', iptables: 'Docker publishes ports with it' });
  if (existsSync(TREE)) return { said: 'present', value: undefined };
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const unpacking = mkdtempSync(join(ROOT, '.cache/unpack-'));
  try {
    await mustRun(
      "download Debian's Docker",
      'apt-get',
      ['download', '-q', '-o', 'APT::Sandbox::User=root', ...PACKAGES],
      {
        cwd: unpacking,
        hint: 'Look whether the Debian mirror can be reached: `apt-get update`.',
      },
    );
    for (const file of readdirSync(unpacking))
      await mustRun(`unpack ${file}`, 'dpkg-deb', ['--extract', file, 'tree'], { cwd: unpacking });
    renameSync(join(unpacking, 'tree'), TREE);
    return { said: `took ${PACKAGES.join(', ')} out of their packages`, value: undefined };
  } finally {
    rmSync(unpacking, { recursive: true, force: true });
  }
}
