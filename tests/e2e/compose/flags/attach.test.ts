import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ComposeBench, composeBench } from '../../../support/compose-bench.ts';
import { docker } from '../../../support/docker.ts';
import { begin } from '../../cli/place.ts';

const UNTIL = { timeout: 30_000 };
/** `says` says its number when it is told to end, and `never` does not; `asks` is a shell at a terminal. */
const FILE = `services:
  says:
    image: busybox
    command: sh -c 'trap "hostname; exit 7" TERM; while true; do sleep 0.1; done'
    scale: 2
  asks: {image: busybox, command: sh, tty: true, stdin_open: true, stop_grace_period: 0s}
`;

let bench: ComposeBench;
const call = (...words: string[]) => bench.here(...words);
const inspect = (name: string, format: string) => bench.inspect(name, format);
const line = (...words: string[]) => [
  path.resolve('apps/cli/main.ts'),
  ...['compose', '-f', `${bench.project.folder}/compose.yaml`, 'attach', ...words],
];
const env = () => ({ ...process.env, DOCKER_HOST: bench.engine.host, TERM: 'xterm' });

/** How many have attached to a container since a moment. */
async function attached(name: string, since: string): Promise<number> {
  const until = (Date.now() / 1000).toFixed(3);
  const filters = ['--filter', `container=${name}`, '--filter', 'event=attach'];
  const { stdout } = await docker(bench.engine, ['events', '--since', since, '--until', until, ...filters]);
  return stdout.split('\n').filter(Boolean).length;
}
const now = () => (Date.now() / 1000).toFixed(3);

beforeAll(async () => {
  bench = await composeBench('near', { 'compose.yaml': FILE });
  expect((await call('up', '-d')).code).toBe(0);
});
afterAll(() => bench[Symbol.asyncDispose]());

it('attach --sig-proxy=false: a signal is for the client alone', async () => {
  const since = now();
  const client = begin(process.execPath, line('--no-stdin', '--sig-proxy=false', 'says'), env());
  await expect.poll(() => attached('near-says-1', since), UNTIL).toBe(1);
  client.child.kill('SIGTERM');
  await client.ended;
  expect(await inspect('near-says-1', '{{.State.Running}}')).toBe('true');
});

it('attach --sig-proxy: a signal is for the container', async () => {
  const since = now();
  const client = begin(process.execPath, line('--no-stdin', '--sig-proxy', 'says'), env());
  await expect.poll(() => attached('near-says-1', since), UNTIL).toBe(1);
  // What is shown is shown by a client that listens to signals.
  await docker(bench.engine, ['exec', 'near-says-1', 'sh', '-c', 'echo hear > /proc/1/fd/1']);
  await client.shows('hear\n');
  client.child.kill('SIGTERM');
  const host = await inspect('near-says-1', '{{.Config.Hostname}}');
  expect(await client.ended).toMatchObject({ code: 7, stdout: `hear\n${host}\n` });
  expect(await inspect('near-says-1', '{{.State.Running}}')).toBe('false');
});

it('attach --index, attach --no-stdin, logs --index: the second container', async () => {
  const since = now();
  const client = call('attach', '--no-stdin', '--index', '2', 'says');
  await expect.poll(() => attached('near-says-2', since), UNTIL).toBe(1);
  await docker(bench.engine, ['stop', 'near-says-2']);
  const host = await inspect('near-says-2', '{{.Config.Hostname}}');
  expect(await client).toMatchObject({ code: 7, stdout: `${host}\n` });
  expect((await call('logs', '--index', '2', 'says')).stdout).toBe(`says-2  | ${host}\n`);
});

it('attach --detach-keys: leaves the container running', async () => {
  const words = [process.execPath, ...line('--detach-keys', 'ctrl-x,y', 'asks')].join(' ');
  const client = begin('script', ['-qec', words, '/dev/null'], { ...env(), SHELL: '/bin/sh' });
  const nudging = setInterval(() => client.child.stdin.write('\r'), 200);
  await client.shows('# ');
  clearInterval(nudging);
  client.child.stdin.write('\u0018y');
  await client.ended;
  expect(await inspect('near-asks-1', '{{.State.Running}}')).toBe('true');
});
