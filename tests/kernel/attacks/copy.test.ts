// ATTACK CLASSES: CVE-2018-15664 (a path is resolved inside and walked again outside), CVE-2019-14271 (libraries of the
// image are loaded), CVE-2026-41567 (programs of the image decompress), CVE-2026-41568 and CVE-2026-42306 (mounts of the
// view are made elsewhere), CVE-2021-41089 and CVE-2021-32760 (modes of existing files are changed), CVE-2019-10152 and
// CVE-2019-18466 (links are followed on the host), CVE-2023-0778 (links are followed at an export).
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../support/docker.ts';
import { busyboxImage } from '../../support/images.ts';
import { tar } from '../../support/tar.ts';
import { archiveOf } from '../images/unpacking.ts';
import { Arena } from './arena.ts';
import { exchange } from './exchange.ts';

let arena: Arena;
beforeAll(async () => {
  arena = await Arena.open();
});
afterEach(() => arena.expectUntouched());
afterAll(() => arena.close());

/** Tries of each race; 2,000 over both directions and kinds of containers. */
const TRIES = 500;
const SECRET = 'untouched'; // what the canary's file says

const at = (id: string, path: string) => `/containers/${id}/archive?path=${encodeURIComponent(path)}`;
const get = (id: string, path: string) => arena.engine.request('GET', at(id, path));
const put = (id: string, path: string, body: Buffer) => arena.engine.request('PUT', at(id, path), { body });
const payload = tar([
  { path: 'file', content: 'overwritten' },
  { path: 'directory' },
  { path: 'directory/new', content: 'new' },
  { path: 'program', content: 'bad', mode: 0o4777 },
]);

async function container(how: string, wish: object): Promise<string> {
  if (how === 'running') return arena.up(wish);
  const created = await arena.create({ Cmd: ['sleep', '1000'], ...wish });
  expect(created.status, created.text).toBe(201);
  return created.json<{ Id: string }>().Id;
}

/** Nothing of the host came out, and what was not refused stayed inside. */
function expectHarmless(answer: { status: number; body: Buffer }): void {
  expect(answer.body.includes(SECRET)).toBe(false);
  expect(answer.status, answer.status === 500 ? answer.body.toString() : '').not.toBe(500);
}

describe.each(['running', 'stopped'])('%s', (how) => {
  test('links to the outside lead nowhere, in any spelling and in both directions', async () => {
    const canary = arena.canary;
    const links = [
      { path: 'absolute', link: canary },
      { path: 'relative', link: `${'../'.repeat(12)}${canary.slice(1)}` },
      { path: 'magic', link: `/proc/self/root${canary}` },
      { path: 'first', link: `/proc/1/root${canary}` },
      { path: 'mounted', link: `/host/proc/1/root${canary}` },
      { path: 'own', link: `/host/proc/self/root${canary}` },
      { path: 'engine', link: `/host/proc/${arena.engine.pid}/root${canary}` },
      { path: 'deep', link: 'absolute/directory' },
    ];
    await arena.load(busyboxImage(['links:1'], { files: links }));
    const wish = { Image: 'links:1', HostConfig: { Binds: ['/proc:/host/proc'], PidMode: 'host' } };
    const id = await container(how, wish);
    for (const { path } of links) {
      for (const end of ['', '/', '/.', '/file', '/directory', '/*', '/../canary/file']) {
        expectHarmless(await get(id, `/${path}${end}`));
        expectHarmless(await put(id, `/${path}${end}`, payload));
        const stat = await arena.engine.request('HEAD', at(id, `/${path}${end}`));
        expect(stat.status).not.toBe(500);
      }
      // Names in an archive that go through the links.
      expectHarmless(await put(id, '/', tar([{ path: `${path}/file`, content: 'overwritten' }])));
    }
    for (const path of [
      '/proc/self/environ',
      '/proc/1/environ',
      '/host/proc/self/environ',
      '/sys/kernel/uevent_seqnum',
    ]) {
      expect((await get(id, path)).status).toBe(404);
    }
    const honest = await put(id, '/tmp', payload);
    expect(honest.status, honest.text).toBe(200);
    expect((await get(id, '/tmp/file')).body.includes('overwritten')).toBe(true);
    await arena.remove(id);
  });

  test('directory and link are exchanged all the time: nothing outside is read or written', async () => {
    const place = join(arena.shared, `race-${how}`);
    mkdirSync(join(place, 'd/directory'), { recursive: true });
    writeFileSync(join(place, 'd/file'), 'inside');
    symlinkSync(arena.canary, join(place, 'l'));
    const id = await container(how, { HostConfig: { Binds: [`${place}:/s`] } });
    let came = 0;
    {
      await using racing = await exchange(join(place, 'd'), join(place, 'l'));
      for (let tries = 0; tries < TRIES; tries++) {
        const out = await get(id, tries % 2 ? '/s/d/file' : '/s/d/.');
        expectHarmless(out);
        if (out.body.includes('inside')) came++;
        expectHarmless(
          await put(id, tries % 2 ? '/s/d' : '/s', tries % 2 ? payload : tar([{ path: 'd/file', content: 'inside' }])),
        );
      }
      expect(racing.count()).toBeGreaterThan(TRIES);
    }
    expect(came).toBeGreaterThan(0);
    await arena.remove(id);
  }, 240_000);

  test('what a volume is mounted on is exchanged: no mount and no file appears on the host', async () => {
    const place = join(arena.shared, `nested-${how}`);
    const other = join(arena.shared, `other-${how}`);
    mkdirSync(join(place, 'x/y'), { recursive: true });
    mkdirSync(other);
    symlinkSync(arena.canary, join(place, 'l'));
    const id = await container(how, { HostConfig: { Binds: [`${place}:/v`, `${other}:/v/x/y`] } });
    const before = mountsOf(arena.engine.pid);
    {
      await using _racing = await exchange(join(place, 'x'), join(place, 'l'));
      for (let tries = 0; tries < TRIES / 2; tries++) {
        expectHarmless(await get(id, '/v/x/y'));
        expectHarmless(await put(id, '/v/x/y', tar([{ path: 'f', content: String(tries) }])));
      }
    }
    expect(mountsOf(arena.engine.pid)).toEqual(before);
    expect(readdirSync(arena.canary).sort()).toEqual(['directory', 'file', 'program']);
    await arena.remove(id);
  }, 240_000);
});

/** What is mounted on the host in the places of this engine and test; other tests mount elsewhere. */
function mountsOf(pid: number): string[] {
  const places = [arena.engine.dataRoot, arena.engine.execRoot, arena.canary, arena.shared];
  return readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => places.some((place) => point.startsWith(place)))
    .sort();
}

test('the container exchanges names in its own root while it is copied and exported', async () => {
  const id = await arena.up();
  const root = join(arena.engine.execRoot, 'c', id, 'rootfs');
  mkdirSync(join(root, 'x/d/directory'), { recursive: true });
  writeFileSync(join(root, 'x/d/file'), 'inside');
  symlinkSync(arena.canary, join(root, 'x/l'));
  await using _racing = await exchange(join(root, 'x/d'), join(root, 'x/l'));
  for (let tries = 0; tries < TRIES / 5; tries++) {
    expectHarmless(await get(id, '/x'));
    expectHarmless(await put(id, '/x/d', payload));
    if (tries % 10 === 0) {
      const exported = await arena.engine.request('GET', `/containers/${id}/export`);
      expect(exported.status).toBe(200);
      expectHarmless(exported);
    }
  }
  await arena.remove(id);
}, 240_000);

test('no library of an image is loaded', async () => {
  const library = readFileSync('/lib/x86_64-linux-gnu/libnss_compat.so.2');
  const folders = [
    'lib',
    'lib64',
    'usr/lib',
    'lib/x86_64-linux-gnu',
    'usr/lib/x86_64-linux-gnu',
    'usr/lib/x86_64-linux-gnu/gconv',
  ];
  const names = ['libnss_files.so.2', 'libnss_compat.so.2', 'libnss_dns.so.2', 'libc.so.6', 'libz.so.1', 'UTF-16.so'];
  const files = folders.flatMap((folder) => names.map((name) => ({ path: `${folder}/${name}`, content: library })));
  const settings = [
    { path: 'etc/nsswitch.conf', content: 'passwd: compat\ngroup: compat\nhosts: dns\n' },
    { path: 'etc/passwd', content: 'me:x:5:6::/:/bin/sh\n' },
  ];
  await arena.load(busyboxImage(['libraries:1'], { files: [...files, ...settings] }));
  const created = await arena.create({ Image: 'libraries:1', User: 'me', Cmd: ['sleep', '1000'] });
  const { Id: id } = created.json<{ Id: string }>();
  for (const state of ['stopped', 'running']) {
    if (state === 'running') await arena.engine.request('POST', `/containers/${id}/start`);
    const written = await arena.engine.request('PUT', `${at(id, '/tmp')}&copyUIDGID=1`, { body: payload });
    expect(written.status, written.text).toBe(200);
    expect((await get(id, '/lib')).status).toBe(200);
    expect((await arena.engine.request('GET', `/containers/${id}/export`)).status).toBe(200);
    expect((await arena.engine.request('POST', `/commit?container=${id}`)).status).toBe(201);
    const maps = readFileSync(`/proc/${arena.engine.pid}/maps`, 'utf8');
    const loaded = [...new Set(maps.split('\n').map((line) => line.split(/\s+/)[5] ?? ''))].filter(
      (path) => path.endsWith('.so') || /\.so\.\d/.test(path),
    );
    expect(loaded.filter((path) => /nss_|gconv/.test(path) || path.startsWith(arena.engine.dataRoot))).toEqual([]);
  }
  await arena.remove(id);
});

test('no program of an image decompresses: gzip and zstd are done here, others are refused or done by the host', async () => {
  const trojan = '#!/bin/sh\necho run > /ran\necho run > "$0.ran"\nexec cat\n';
  const programs = ['xz', 'unxz', 'gzip', 'unpigz', 'pigz', 'zstd', 'bzip2', 'tar', 'lbzip2'];
  const files = ['bin', 'usr/bin', 'usr/local/bin', 'sbin'].flatMap((folder) =>
    programs.map((name) => ({ path: `${folder}/${name}`, content: trojan, mode: 0o755 })),
  );
  await arena.load(busyboxImage(['trojan:1'], { files }));
  const id = await arena.up({ Image: 'trojan:1' });
  const plain = tar([{ path: 'unpacked', content: 'yes' }]);
  const compress = async (program: string) => {
    const { stdout } = await run('sh', ['-c', `base64 -d | ${program} -c | base64`], {
      input: plain.toString('base64'),
    });
    return Buffer.from(stdout, 'base64');
  };
  for (const [body, wanted] of [
    [gzipSync(plain), [200]],
    [zstdCompressSync(plain), [200]],
    [await compress('xz'), [200, 501]],
    [await compress('bzip2'), [200, 501]],
  ] as const) {
    const answer = await put(id, '/tmp', body);
    expect(wanted, answer.text).toContain(answer.status);
  }
  const look = await arena.exec(id, {
    Cmd: ['sh', '-c', 'cat /tmp/unpacked; ls /ran /*/*.ran /usr/*/*.ran /usr/local/bin/*.ran 2>/dev/null'],
  });
  expect(look.output).toBe('yes');
  expect(existsSync('/ran')).toBe(false);
  await arena.remove(id);
});

test('an archive changes no file through a link that it brings', async () => {
  const id = await arena.up({ HostConfig: { Binds: [`${arena.shared}:/s`] } });
  writeFileSync(join(arena.shared, 'victim'), 'v', { mode: 0o600 });
  const xattrs = new Map([['user.evil', Buffer.from('1')]]);
  const bad = archiveOf([
    { name: 'a', type: 'symlink', linkName: join(arena.canary, 'program') },
    { name: 'a', type: 'file', content: 'x', mode: 0o6777, xattrs },
    { name: 'b', type: 'symlink', linkName: arena.canary },
    { name: 'b', type: 'directory', mode: 0o777, xattrs },
    { name: 'c', type: 'symlink', linkName: '/s/victim' },
    { name: 'd', type: 'hardlink', linkName: 'c' },
    { name: 'd', type: 'file', content: 'x', mode: 0o4777, xattrs },
    { name: 'c', type: 'file', content: 'x', mode: 0o4777, xattrs },
  ]);
  const answer = await put(id, '/tmp', bad);
  expect(answer.status, answer.text).toBe(200);
  expect(readFileSync(join(arena.shared, 'victim'), 'utf8')).toBe('v');
  const { output } = await arena.exec(id, {
    Cmd: ['stat', '-c', '%a', '/s/victim', '/tmp/a', '/tmp/b', '/tmp/c', '/tmp/d'],
  });
  expect(output).toBe('600\n6777\n777\n4777\n4777\n');
  for (const name of ['../out', '/../out', 'x/../../../out']) {
    expect((await put(id, '/tmp', archiveOf([{ name, type: 'file', content: 'x' }]))).status).toBe(400);
  }
  for (const linkName of ['../../../../etc/passwd', join('..', arena.canary, 'file')]) {
    const hard = archiveOf([{ name: 'h', type: 'hardlink', linkName }]);
    expect((await put(id, '/tmp', hard)).status).toBe(400);
  }
  await arena.remove(id);
});

test('devices are copied as devices and never opened', async () => {
  const id = await arena.up();
  const devices = archiveOf([
    { name: 'zero', type: 'char', deviceMajor: 1, deviceMinor: 5, mode: 0o666 },
    { name: 'pipe', type: 'fifo' },
  ]);
  expect((await put(id, '/tmp', devices)).status).toBe(200);
  const out = await get(id, '/tmp/.');
  expect(out.status).toBe(200);
  expect(out.body.length).toBeLessThan(10_000);
  expect((await arena.engine.request('GET', `/containers/${id}/export`)).status).toBe(200);
  await arena.remove(id);
});

test('damaged archives are refused, or written as far as they go, and the engine goes on', async () => {
  const id = await arena.up();
  const whole = archiveOf([
    { name: 'a', type: 'directory' },
    { name: 'a/file', type: 'file', content: 'x'.repeat(3000), xattrs: new Map([['user.x', Buffer.from('y')]]) },
    { name: 'a/link', type: 'symlink', linkName: 'file' },
    { name: 'a/again', type: 'hardlink', linkName: 'a/file' },
    { name: `a/${'long'.repeat(60)}`, type: 'file', content: 'y' },
  ]);
  let seed = 12_345;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  const { pid } = arena.engine;
  for (let tries = 0; tries < 150; tries++) {
    const body = Buffer.from(whole.subarray(0, tries % 3 === 0 ? random(whole.length) : whole.length));
    for (let flips = random(6); flips >= 0 && body.length > 0; flips--) body[random(body.length)] = random(256);
    const packed = tries % 5 === 0 ? gzipSync(body).subarray(0, random(2) ? undefined : 100) : body;
    const answer = await put(id, '/tmp', packed);
    expect([200, 400, 409], answer.text).toContain(answer.status);
  }
  expect(arena.engine.pid).toBe(pid);
  expect((await put(id, '/tmp', whole)).status).toBe(200);
  await arena.remove(id);
}, 120_000);
