import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { type CommandOptions, run } from '../../support/docker.ts';
import { openPlace, type Place } from '../cli/place.ts';

let place: Place;
beforeAll(async () => {
  place = await openPlace();
});
afterAll(() => place?.[Symbol.asyncDispose]());

const MAIN = new URL('../../../apps/cli/main.ts', import.meta.url).pathname;
const NODE = new URL('../../../node_modules/.bin/node', import.meta.url).pathname;

const CLIENTS = {
  'berth under Bun': () => [clientProgram('berth')],
  'berth under Node': () => [NODE, MAIN],
  docker: () => [clientProgram('docker')],
};

function script(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

/** A PATH whose `ssh` runs the command right here, with only the programs of `remote` (and a shell) to be found. */
function fakeSsh(remote: readonly ('berth' | 'docker')[]): { path: string; log: string } {
  const folder = mkdtempSync(join(place.folder, 'ssh-'));
  const there = join(folder, 'there');
  mkdirSync(there);
  for (const name of remote) symlinkSync(clientProgram(name), join(there, name));
  symlinkSync('/bin/sh', join(there, 'sh'));
  const log = join(folder, 'log');
  script(
    join(folder, 'ssh'),
    `echo "$@" >> ${log}
while [ "$1" != -- ]; do shift; done
shift 2
# The other machine's own way to its engine, and its own configuration.
export DOCKER_HOST=${place.engine.host} DOCKER_CONFIG=/nonexistent PATH=${there}
exec /bin/sh -c "$*"`,
  );
  return { path: `${folder}:${process.env.PATH}`, log };
}

describe.each(Object.entries(CLIENTS))('%s over ssh', (name, words) => {
  const client = (args: string[], options: CommandOptions = {}) => {
    const [program = '', ...first] = words();
    return run(program, [...first, ...args], { ...options, env: { ...place.env, ...options.env } });
  };
  const far = (path: string, host = 'ssh://me@far:22') => ({ DOCKER_HOST: host, PATH: path });

  it('asks, is answered, and has bytes both ways', async () => {
    const { path, log } = fakeSsh(['berth', 'docker']);
    const env = far(path);
    expect((await client(['version', '-f', '{{.Server.Os}}'], { env })).stdout).toBe('linux\n');
    expect(readFileSync(log, 'utf8')).toContain('-o ConnectTimeout=30 -T -l me -p 22 -- far ');
    const data = randomBytes(4 * 1024 * 1024);
    const sum = createHash('sha256').update(data).digest('hex');
    const command = ['run', '-i', '--rm', 'busybox', 'sh', '-c', 'sha256sum; echo after; exit 3'];
    const { stdout, code } = await client(command, { input: data, env });
    expect([code, stdout]).toEqual([3, `${sum}  -\nafter\n`]);
  });

  it('sends and takes long bodies', async () => {
    const env = far(fakeSsh(['berth', 'docker']).path);
    const archive = join(place.folder, `saved-${name.replaceAll(' ', '-')}.tar`);
    expect((await client(['save', '-o', archive, 'busybox'], { env })).code).toBe(0);
    expect((await client(['load', '-i', archive], { env })).stdout).toContain('Loaded image: busybox:latest');
    const lines = await client(['run', '--rm', 'busybox', 'seq', '200000'], { env });
    expect(lines.stdout.split('\n')).toHaveLength(200_001);
  });

  it.skipIf(name === 'docker')('takes docker where berth is not installed, and says when neither is', async () => {
    expect((await client(['ps', '-q'], { env: far(fakeSsh(['docker']).path) })).code).toBe(0);
    const { code, stderr } = await client(['ps'], { env: far(fakeSsh([]).path) });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error during connect: .*exit status 127.*neither berth nor docker is installed here/s);
  });

  it('says what ssh said', async () => {
    const folder = mkdtempSync(join(place.folder, 'ssh-'));
    script(join(folder, 'ssh'), 'echo "ssh: Could not resolve hostname far" >&2; exit 255');
    const { code, stderr } = await client(['ps'], { env: far(`${folder}:${process.env.PATH}`) });
    expect(code).toBe(1);
    expect(stderr).toMatch(/has exited with exit status 255.*stderr=ssh: Could not resolve hostname far/s);
    const missing = await client(['ps'], { env: far('/nonexistent') });
    expect(missing.stderr).toContain('executable file not found in $PATH');
  });

  it('passes ctrl-c to the process and keeps the way to it', async () => {
    const [program = '', ...first] = words();
    const trap = 'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.05; done';
    const env = { ...process.env, ...place.env, ...far(fakeSsh(['berth', 'docker']).path) };
    // As at a terminal: the signal goes to all processes of the job.
    const job = spawn(program, [...first, 'run', '--rm', 'busybox', 'sh', '-c', trap], { env, detached: true });
    let said = '';
    const ready = new Promise<void>((resolve, reject) => {
      job.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('ready')) resolve();
      });
      job.once('close', () => reject(new Error(`it ended: ${said}`)));
    });
    const ended = new Promise((resolve) => job.once('close', resolve));
    await ready;
    process.kill(-(job.pid ?? 0), 'SIGINT');
    expect([await ended, said]).toEqual([9, 'ready\ncaught\n']);
  });

  it('names the socket of the other side', async () => {
    const { path, log } = fakeSsh(['berth', 'docker']);
    expect((await client(['ps', '-q'], { env: far(path, `ssh://far${place.engine.socket}`) })).code).toBe(0);
    expect(readFileSync(log, 'utf8')).toContain(`unix://${place.engine.socket}`);
    expect((await client(['ps', '-q'], { env: far(path, 'ssh://far/no/such.sock') })).code).toBe(1);
  });

  it.each(['ssh://', 'ssh://me:secret@far', 'ssh://far/x?y'])('refuses %s', async (host) => {
    const { code, stderr } = await client(['ps'], { env: { DOCKER_HOST: host } });
    expect(code).toBe(1);
    expect(stderr).toContain('ssh host connection is not valid: invalid SSH URL');
  });
});

const SSHD = '/usr/sbin/sshd';

// With Debian's server and client, keys of our own and nothing of this machine's configuration. Only where openssh-server
// is there already: installing the package would start a server that others reach.
describe.skipIf(!existsSync(SSHD))('a real ssh server', () => {
  let server: ChildProcess;
  let path: string;
  let port: number;

  beforeAll(async () => {
    const folder = mkdtempSync(join(place.folder, 'sshd-'));
    const at = (file: string) => join(folder, file);
    for (const key of ['host', 'user']) spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(key)]);
    writeFileSync(at('authorized'), readFileSync(at('user.pub')), { mode: 0o600 });
    mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    port = await freePort();
    mkdirSync(at('there'));
    symlinkSync(clientProgram('berth'), at('there/berth'));
    writeFileSync(
      at('sshd_config'),
      `Port ${port}
ListenAddress 127.0.0.1
HostKey ${at('host')}
AuthorizedKeysFile ${at('authorized')}
StrictModes no
UsePAM no
PidFile none
SetEnv DOCKER_HOST=${place.engine.host} DOCKER_CONFIG=/nonexistent PATH=${at('there')}:/usr/bin:/bin
`,
    );
    writeFileSync(
      at('ssh_config'),
      `Host *\n  IdentityFile ${at('user')}\n  UserKnownHostsFile ${at('known')}\n  StrictHostKeyChecking accept-new\n`,
    );
    mkdirSync(at('bin'));
    script(at('bin/ssh'), `exec /usr/bin/ssh -F ${at('ssh_config')} "$@"`);
    path = `${at('bin')}:${process.env.PATH}`;
    server = spawn(SSHD, ['-D', '-e', '-f', at('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    server.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    while (!said.includes('listening on')) {
      if (server.exitCode !== null) throw new Error(`sshd: ${said}`);
      await delay(10);
    }
  });
  afterAll(() => server?.kill());

  it('carries a container with its stdin', async () => {
    const env = { ...place.env, PATH: path, DOCKER_HOST: `ssh://${userInfo().username}@127.0.0.1:${port}` };
    const berth = clientProgram('berth');
    const seen = await run(berth, ['run', '-i', '--rm', 'busybox', 'cat'], { input: 'through ssh\n', env });
    expect(seen).toMatchObject({ code: 0, stdout: 'through ssh\n' });
    const created = await run(berth, ['context', 'create', 'far', '--docker', `host=${env.DOCKER_HOST}`], { env });
    expect(created.code).toBe(0);
    const inContext = { ...env, DOCKER_HOST: '' };
    expect((await run(berth, ['-c', 'far', 'version', '-f', '{{.Server.Os}}'], { env: inContext })).stdout).toBe(
      'linux\n',
    );
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

it('system dial-stdio speaks to the engine in the words that it is given', async () => {
  const input = 'GET /_ping HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n';
  const { code, stdout } = await run(clientProgram('berth'), ['system', 'dial-stdio'], { input, env: place.env });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nOK$/s);
});
