import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TarParser } from '@berth/oci';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archiveOf } from '../../kernel/images/unpacking.ts';
import { build } from '../../support/builds.ts';
import { type Containers, startContainers } from '../../support/containers.ts';

/** An account of this test's own with a range of subordinate ids; the host's files are as before afterwards. */
const ACCOUNT = `berth-t${process.pid % 100000}`;
const FIRST = 700_000;
const FILES = ['/etc/subuid', '/etc/subgid'];

let containers: Containers;

beforeAll(async () => {
  execFileSync('useradd', ['--system', '--no-create-home', '--user-group', ACCOUNT]);
  for (const file of FILES) appendLine(file, `${ACCOUNT}:${FIRST}:65536`);
  containers = await startContainers({ args: ['--userns-remap', ACCOUNT] });
  openTheWay(containers.engine.root); // to the roots of containers, as from /run
});
afterAll(async () => {
  try {
    await containers?.engine.stop();
  } finally {
    for (const file of FILES) removeLines(file, `${ACCOUNT}:`);
    execFileSync('userdel', [ACCOUNT]);
  }
});

/** `name: uid:gid` of the entries of an archive. */
function ownersIn(archive: Buffer): Record<string, string> {
  const parser = new TarParser();
  const found: Record<string, string> = {};
  for (const event of parser.push(archive)) {
    if (event.kind === 'entry') found[event.entry.name.toString()] = `${event.entry.uid}:${event.entry.gid}`;
  }
  return found;
}

describe.each(['crun', 'runc'])('a user namespace, by %s', (Runtime) => {
  const run = (script: string, HostConfig: object = {}, wish: object = {}) =>
    containers.run(['sh', '-c', script], { ...wish, HostConfig: { Runtime, ...HostConfig } });

  test('--userns: root of a container is nobody of consequence on the host, unless it is the host', async () => {
    const { stdout } = await run('cat /proc/self/uid_map /proc/self/gid_map; id -u');
    expect(stdout.trim().split(/\s+/)).toEqual(['0', `${FIRST}`, '65536', '0', `${FIRST}`, '65536', '0']);
    const id = await containers.begin(['sleep', '600'], { HostConfig: { Runtime } });
    expect(statSync(`/proc/${(await containers.inspect(id)).State.Pid}`).uid).toBe(FIRST);
    const host = await run('cat /proc/self/uid_map', { UsernsMode: 'host' });
    expect(host.stdout.trim().split(/\s+/)).toEqual(['0', '0', '4294967295']);
  });

  test('sees the files of its image and its own as root does, and may change them', async () => {
    const script = `stat -c %u / /bin/busybox /etc/hosts /work; touch /bin/new; echo 127.0.0.9 nine >> /etc/hosts
      mkdir -m 700 /own; chown 1000:1000 /own; stat -c %u /bin/new /own; grep -c nine /etc/hosts`;
    const { stdout, stderr } = await run(script, {}, { WorkingDir: '/work' });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(['0', '0', '0', '0', '0', '1000', '1']);
  });

  test.each(['stopped', 'running'])(
    'files keep their owners in and out, in changes, export and commit (%s)',
    async (how) => {
      const id = await containers.create(['sleep', '600'], { HostConfig: { Runtime } });
      if (how === 'running') await containers.start(id);
      const at = `/containers/${id}/archive?path=`;
      const body = archiveOf([
        { name: 'own/', type: 'directory' },
        { name: 'own/mine', type: 'file', content: 'x', uid: 1000, gid: 1001 },
        { name: 'implied/made', type: 'file', content: 'x' },
      ]);
      const put = await containers.engine.request('PUT', `${at}/`, { body });
      expect(put.text).toBe('');
      expect(ownersIn((await containers.ask('GET', `${at}/own`)).body)).toEqual({
        'own/': '0:0',
        'own/mine': '1000:1001',
      });
      expect(ownersIn((await containers.ask('GET', `${at}/etc/passwd`)).body)).toEqual({ passwd: '0:0' });
      const tooMany = archiveOf([{ name: 'x', type: 'file', uid: 70_000 }]);
      expect((await containers.engine.request('PUT', `${at}/`, { body: tooMany })).status).toBe(400);
      const changed = (await containers.ask('GET', `/containers/${id}/changes`)).json<{ Path: string }[]>();
      expect(changed.map(({ Path }) => Path)).toEqual([...['/implied', '/implied/made', '/own', '/own/mine']]);
      const all = ownersIn((await containers.ask('GET', `/containers/${id}/export`)).body);
      expect(all).toMatchObject({ 'etc/passwd': '0:0', 'own/': '0:0', 'own/mine': '1000:1001', 'implied/': '0:0' });
      expect(Object.values(all).filter((owner) => owner.startsWith('65534') || owner.startsWith('7000'))).toEqual([]);
      if (how === 'stopped') await containers.start(id);
      const look = 'stat -c %u:%g /own /own/mine /implied /implied/made';
      expect((await containers.exec(id, ['sh', '-c', look])).stdout).toBe('0:0\n1000:1001\n0:0\n0:0\n');
      await containers.ask('POST', `/commit?container=${id}&repo=owners-${how}`);
      for (const UsernsMode of ['', 'host']) {
        const seen = await run(look, { UsernsMode }, { Image: `owners-${how}:latest` });
        expect(seen.stdout).toBe('0:0\n1000:1001\n0:0\n0:0\n');
      }
      await containers.remove(id);
    },
  );

  test('has its own network, which it may configure where that is allowed', async () => {
    const script =
      'ip -4 addr show eth0 | grep -c inet; ip link set eth0 mtu 1300 && echo made; cat /proc/sys/net/ipv4/ip_unprivileged_port_start';
    expect((await run(script, { CapAdd: ['NET_ADMIN'] })).stdout.trim().split('\n')).toEqual(['1', 'made', '0']);
    expect((await run('ip link set eth0 mtu 1300', {})).code).not.toBe(0);
  });

  test('its files of the host stay closed to it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'closed-'));
    try {
      writeFileSync(path.join(folder, 'secret'), 'x', { mode: 0o600 });
      chmodSync(folder, 0o755);
      const { stdout, stderr } = await run('stat -c %u /mnt/secret; cat /mnt/secret; echo y > /mnt/secret', {
        Binds: [`${folder}:/mnt`],
      });
      expect(stdout).toBe('65534\n');
      expect(stderr).toMatch(/Permission denied[\s\S]*Permission denied/i);
      expect(readFileSync(path.join(folder, 'secret'), 'utf8')).toBe('x');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('volumes are its own, with what the image has there', async () => {
    const name = `users-${Runtime}`;
    const script = 'stat -c %u /data /bin/busybox; touch /data/a; ls -ln /data/a | cut -c1-20';
    const { id, stdout, stderr } = await run(script, { Binds: [`${name}:/data`, `${name}-bin:/bin`] });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n').slice(0, 2)).toEqual(['0', '0']);
    await containers.remove(id);
    for (const volume of [name, `${name}-bin`]) await containers.ask('DELETE', `/volumes/${volume}`);
  });

  test('exec, a terminal, shared memory and a restart are in it too', async () => {
    const id = await containers.begin(['sleep', '600'], { HostConfig: { Runtime, IpcMode: 'shareable' } });
    expect((await containers.exec(id, ['sh', '-c', 'id -u; stat -c %u /dev/shm'])).stdout).toBe('0\n0\n');
    await containers.ask('POST', `/containers/${id}/restart?t=0`);
    expect((await containers.exec(id, ['cat', '/proc/self/uid_map'])).stdout).toContain(String(FIRST));
    const tty = await containers.run(['sh', '-c', 'tty; stat -c %u $(tty)'], { Tty: true, HostConfig: { Runtime } });
    expect(tty.stdout).toMatch(/^\/dev\/pts\/0\r\n/);
  });
});

test('what cannot be had with user namespaces is refused, and can be had without', async () => {
  const refusal = (HostConfig: object) =>
    containers.refusal('POST', '/containers/create', { Image: 'busybox:test', Cmd: ['true'], HostConfig });
  expect(await refusal({ Privileged: true })).toContain('privileged mode is incompatible with user namespaces');
  expect(await refusal({ NetworkMode: 'host' })).toContain("cannot share the host's network namespace");
  expect(await refusal({ PidMode: 'host' })).toContain('cannot share the host PID namespace');
  const { code } = await containers.run(['true'], { HostConfig: { Privileged: true, UsernsMode: 'host' } });
  expect(code).toBe(0);
});

test('an engine that was killed finds its containers and its user namespace again', async () => {
  const id = await containers.begin(['sleep', '600']);
  await containers.engine.kill();
  await containers.engine.start();
  expect((await containers.inspect(id)).State.Status).toBe('running');
  expect((await containers.exec(id, ['cat', '/proc/self/uid_map'])).stdout).toContain(String(FIRST));
  expect((await containers.run(['cat', '/proc/self/uid_map'])).stdout).toContain(String(FIRST));
  const info = (await containers.ask('GET', '/info')).json<{ SecurityOptions: string[] }>();
  expect(info.SecurityOptions).toContain('name=userns');
});

/** Lets everybody pass a directory and those above it. */
function openTheWay(directory: string): void {
  const { mode } = statSync(directory);
  if ((mode & 0o011) !== 0o011) chmodSync(directory, (mode & 0o7777) | 0o011);
  if (directory !== '/') openTheWay(path.dirname(directory));
}

function appendLine(file: string, line: string): void {
  const before = read(file);
  writeFileSync(file, `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${line}\n`);
}

function removeLines(file: string, start: string): void {
  writeFileSync(
    file,
    read(file)
      .split('\n')
      .filter((line) => !line.startsWith(start))
      .join('\n'),
  );
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

test('layers of a build have the owners that its steps saw', async () => {
  const built = await build(
    containers,
    {
      Dockerfile:
        'FROM busybox:test\nRUN echo x > /x && chown 5:6 /x && mkdir /etc/new\nCOPY --chown=7 Dockerfile /d\nRUN stat -c %u:%g /x /d\n',
    },
    { t: 'mapped:1' },
  );
  expect(built.error).toBeUndefined();
  expect(built.text).toContain('5:6\n7:7\n');
  expect(await containers.sh('stat -c %u:%g /x /d /etc/new', { Image: 'mapped:1' })).toBe('5:6\n7:7\n0:0');
});

test('a step reads its secret and its script, which lie where only root of the host passes', async () => {
  const secrets = { s: Buffer.from('mapped secret').toString('base64') };
  const { id } = (await containers.ask('POST', '/berth/v1/build/sessions', { secrets })).json<{ id: string }>();
  const built = await build(
    containers,
    {
      Dockerfile:
        'FROM busybox:test\nRUN --mount=type=secret,id=s,mode=0444 wc -c < /run/secrets/s\nRUN <<E\n#!/bin/sh\necho by script\nE\n',
    },
    { session: id },
  );
  expect(built.error).toBeUndefined();
  expect(built.text).toContain('13\n');
  expect(built.text).toContain('by script\n');
});
