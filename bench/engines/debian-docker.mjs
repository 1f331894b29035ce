// @ts-check
import { basename, join } from 'node:path';
import { DEBIAN_DOCKER } from '../../tools/setup/debian-docker.mjs';
import { dockerProgram } from '../../tools/setup/test-programs.mjs';
import { startDaemon } from './start-daemon.mjs';

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
  const path = [join(DEBIAN_DOCKER, 'usr/bin'), join(DEBIAN_DOCKER, 'usr/sbin')].join(':');
  await startDaemon({
    program: join(DEBIAN_DOCKER, 'usr/sbin/dockerd'),
    args,
    path,
    socket,
    log: join(scratch, 'docker.log'),
  });
  return {
    name: 'docker',
    cli: [dockerProgram()],
    host: `unix://${socket}`,
    processes: /dockerd|containerd|docker-proxy/,
  };
}

/**
 * The same engine building by BuildKit. Its own client does so by itself, others need a plugin.
 *
 * @param {import('../engine.mjs').Engine} docker
 * @returns {import('../engine.mjs').Engine}
 */
export function withBuildKit(docker) {
  return { name: 'buildkit', cli: [join(DEBIAN_DOCKER, 'usr/bin/docker')], host: docker.host ?? '', buildKit: true };
}
