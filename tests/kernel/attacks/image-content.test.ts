// ATTACK CLASSES: CVE-2014-6407, CVE-2014-9356, CVE-2014-9358, CVE-2015-3627 (links, names and ids of images as paths),
// CVE-2025-47290 (one layer plants a link, the next writes through it), CVE-2026-53488 (labels, annotations and variables
// that mirror internal keys), CVE-2024-3727 (digests as paths).
// Single archives are in ../images/unpack-hostile.test.ts and ../images/load-save.test.ts.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { busyboxFiles } from '../../support/images.ts';
import { startFakeRegistry } from '../../support/registry-fake.ts';
import { makeImage, publish } from '../../support/registry-images.ts';
import { type TarEntry, tar } from '../../support/tar.ts';
import { Arena, HONEST } from './arena.ts';

let arena: Arena;
beforeAll(async () => {
  arena = await Arena.open();
});
afterEach(() => arena.expectUntouched());
afterAll(() => arena.close());

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

/** An archive for `docker load` of one image with these layers; `config` and `more` go into the configuration as they are. */
function archiveOf(tag: string, layers: TarEntry[][], config: object = {}, more: object = {}): Buffer {
  const archives = layers.map(tar);
  const text = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/bin'], ...config },
    rootfs: { type: 'layers', diff_ids: archives.map((archive) => `sha256:${sha256(archive)}`) },
    ...more,
  });
  return tar([
    ...archives.map((content, n) => ({ path: `${n}.tar`, content })),
    { path: 'config.json', content: text },
    {
      path: 'manifest.json',
      content: JSON.stringify([{ Config: 'config.json', RepoTags: [tag], Layers: archives.map((_, n) => `${n}.tar`) }]),
    },
  ]);
}

/** Layers of which each writes through what the one before planted. */
function treacherousLayers(): TarEntry[][] {
  const targets = [
    arena.canary,
    `${'../'.repeat(20)}${arena.canary.slice(1)}`,
    `/proc/self/root${arena.canary}`,
    arena.engine.dataRoot,
  ];
  const links = targets.map((link, n) => ({ path: `l${n}`, link }));
  return [
    busyboxFiles(),
    links,
    links.flatMap(({ path }) => [
      { path: `${path}/new`, content: 'evil' },
      { path: `${path}/file`, content: 'evil' },
      { path: `${path}/program`, content: 'evil', mode: 0o6777 },
      { path: `${path}/.wh.directory`, content: '' },
      { path: `${path}/.wh..wh..opq`, content: '' },
    ]),
    [...links, { path: 'bin/more', link: arena.canary }],
    links.map(({ path }) => ({ path: `${path}/berth.db`, content: 'evil', mode: 0o777 })),
  ];
}

describe('a layer that plants a link and one that writes through it', () => {
  const look = async (Image: string) => {
    for (const Runtime of ['crun', 'runc']) {
      const outcome = await arena.run({
        Image,
        Cmd: ['sh', '-c', 'cat /l0/berth.db; ls -d /bin/sh'],
        HostConfig: { Runtime },
      });
      expect(outcome).toMatchObject({ exitCode: 0, output: 'evil/bin/sh\n' });
    }
    expect(existsSync(join(arena.engine.dataRoot, 'new'))).toBe(false);
    expect(readFileSync(join(arena.engine.dataRoot, 'berth.db')).subarray(0, 6).toString()).toBe('SQLite');
  };

  test('loaded', async () => {
    const answer = await arena.loadArchive(archiveOf('treacherous:1', treacherousLayers()));
    expect(answer.text).toContain('Loaded image: treacherous:1');
    await look('treacherous:1');
  });

  test('pulled, layers in parallel', async () => {
    await using registry = await startFakeRegistry();
    publish(registry, 'treacherous', '1', makeImage({ layers: treacherousLayers(), config: { Env: ['PATH=/bin'] } }));
    const name = `${registry.domain}/treacherous:1`;
    const pulled = await arena.engine.request('POST', `/images/create?fromImage=${name}`);
    expect(pulled.text).toContain('Downloaded newer image');
    await look(name);
  });
});

describe('what an image says about itself changes nothing but its container', () => {
  const hostile = () => ({
    Labels: {
      'run.oci.handler': 'krun',
      'run.oci.hooks.stdout': join(arena.canary, 'file'),
      'run.oci.seccomp_bpf_data': '',
      'run.oci.keep_original_groups': '1',
      'org.systemd.property.ExecStart': "'/bin/true'",
      'org.criu.config': arena.canary,
      'io.berth.privileged': 'true',
      'io.berth.runtime': join(arena.canary, 'program'),
      'containerd.io/restart.loguri': `binary://${arena.canary}/program`,
      'com.docker.compose.project': 'other',
      'cdi.k8s.io/device': 'vendor.com/device=all',
      'io.kubernetes.cri-o.userns-mode': 'host',
    },
    Env: [
      'PATH=/bin',
      '_OCI_SYNCPIPE=0',
      '_LIBCONTAINER_INITPIPE=0',
      '_LIBCONTAINER_STATEDIR=/',
      'LISTEN_FDS=9',
      'LISTEN_PID=1',
      `NOTIFY_SOCKET=${arena.canary}/file`,
      'NODE_OPTIONS=--require /evil.js',
      'LD_PRELOAD=/evil.so',
      'GODEBUG=netdns=1',
      'BERTH_BUILD=evil',
    ],
    HostConfig: { Privileged: true, Binds: [`${arena.canary}:/canary`], NetworkMode: 'host' },
    Privileged: true,
    Runtime: `${arena.canary}/program`,
    Annotations: { 'run.oci.handler': 'krun' },
    NetworkDisabled: true,
    Healthcheck: { Test: ['CMD', `${arena.canary}/program`], Interval: 1 },
    OnBuild: ['RUN evil'],
    StopSignal: 'SIGTERM',
    ArgsEscaped: true,
    MacAddress: '02:42:00:00:00:01',
    Tty: true,
    OpenStdin: true,
    AttachStdin: true,
  });
  const more = {
    hostconfig: { Privileged: true },
    annotations: { 'run.oci.handler': 'krun' },
    HostConfig: { Privileged: true },
    runtime: 'krun',
  };

  test.each(['crun', 'runc'])('%s', async (Runtime) => {
    await arena.loadArchive(archiveOf('mirror:1', [busyboxFiles()], hostile(), more));
    const Cmd = [
      'sh',
      '-c',
      'grep CapEff /proc/self/status; ls -d /canary /dev/kmsg 2>&1; ls /sys/class/net | sort; tty; echo $LISTEN_FDS',
    ];
    const outcome = await arena.run({ Image: 'mirror:1', Cmd, HostConfig: { Runtime } });
    expect(outcome.output.split('\n')).toEqual([
      'CapEff:\t00000000a80425fb',
      'ls: /canary: No such file or directory',
      'ls: /dev/kmsg: No such file or directory',
      'eth0',
      'lo',
      'not a tty',
      '9',
      '',
    ]);
    const id = await arena.up({ Image: 'mirror:1', HostConfig: { Runtime } });
    const bundle = JSON.parse(readFileSync(join(arena.engine.execRoot, 'c', id, 'config.json'), 'utf8')) as {
      annotations?: object;
      hooks?: object;
    };
    expect(Object.keys(bundle.annotations ?? {}).filter((key) => key !== 'run.oci.seccomp_bpf_data')).toEqual([]);
    expect(bundle.hooks).toBeUndefined();
    const inspected = (await arena.engine.request('GET', `/containers/${id}/json`)).json<{
      HostConfig: object;
      Config: { Labels: object };
      State: object;
    }>();
    expect(inspected.HostConfig).toMatchObject({ Privileged: false, Runtime, Binds: null });
    expect(inspected.Config.Labels, 'labels are only told').toMatchObject({ 'run.oci.handler': 'krun' });
    const config = await arena.exec(id, { Cmd: ['grep', 'Seccomp:', '/proc/1/status'] });
    expect(config.output, 'the filter is on').toBe('Seccomp:\t2\n');
    await arena.remove(id);
  });

  test('a client cannot give the runtime orders by annotations either', async () => {
    for (const name of ['run.oci.handler', 'run.oci.seccomp_bpf_data', 'org.systemd.property.X']) {
      const answer = await arena.create({ Cmd: ['true'], HostConfig: { Annotations: { [name]: 'x' } } });
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('reserved')]);
    }
  });
});

describe('names, ids and digests are never paths', () => {
  const zeros = '0'.repeat(64);
  const PATHS = [
    '..',
    '../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e%2f%2e%2e%2fberth.db',
    `${zeros}/../${zeros}`,
    '%00',
    'a%00b',
    'a%0ab',
    '-rf',
    '.',
    '%20',
    '%F0%9F%92%A9',
    '__proto__',
    'a'.repeat(5000),
  ];
  const DIGESTS = [
    'sha256:../../../../etc/passwd',
    'sha256:..%2f..%2fberth.db',
    'sha256:',
    'sha256:latest',
    `sha256:${zeros.slice(1)}`,
    `sha256:${zeros}0`,
    `sha256:${'A'.repeat(64)}`,
    `honest@sha256:${zeros}`,
    `honest@sha256:..%2f${zeros}`,
    `honest@sha512:${zeros}`,
    `honest@SHA256:${zeros}`,
    'honest@sha256:',
    'honest@',
    'sha256',
  ];

  test.each([...PATHS, ...DIGESTS].map((bad) => [bad.slice(0, 40), bad]))('%s', async (_shown, bad) => {
    const before = readdirSync(arena.engine.dataRoot).sort();
    const post = (path: string, body: object) => arena.engine.request('POST', path, { body });
    const answers = {
      container: await arena.engine.request('GET', `/containers/${bad}/json`),
      logs: await arena.engine.request('GET', `/containers/${bad}/logs?stdout=1`),
      start: await arena.engine.request('POST', `/containers/${bad}/start`),
      exec: await post(`/containers/${bad}/exec`, { Cmd: ['true'] }),
      remove: await arena.engine.request('DELETE', `/containers/${bad}?force=1`),
      image: await arena.engine.request('GET', `/images/${bad}/json`),
      save: await arena.engine.request('GET', `/images/${bad}/get`),
      untag: await arena.engine.request('DELETE', `/images/${bad}?force=1`),
      tag: await arena.engine.request('POST', `/images/${bad}/tag?repo=x&tag=y`),
      repository: await arena.engine.request('POST', `/images/${HONEST}/tag?repo=${bad}`),
      pull: await arena.engine.request('POST', `/images/create?fromImage=127.0.0.1:1/x&tag=${bad}`),
      started: await post(`/exec/${bad}/start`, {}),
      create: await post('/containers/create', { Image: decodeURIComponent(bad), Cmd: ['true'] }),
      digest: await post('/containers/create', { Image: `honest@${decodeURIComponent(bad)}`, Cmd: ['true'] }),
    };
    for (const [what, answer] of Object.entries(answers)) {
      // What is right as a tag is asked for; nobody answers there.
      const expected = what === 'pull' ? [400, 503] : [400, 404, 409];
      expect(expected, `${what}: ${answer.status} ${answer.text.slice(0, 300)}`).toContain(answer.status);
      expect(answer.text).not.toMatch(/root:x:0|SQLite format/);
    }
    expect(readdirSync(arena.engine.dataRoot).sort()).toEqual(before);
  });

  test('a good name beside them still works', async () => {
    expect(await arena.run({ Cmd: ['echo', 'fine'] })).toMatchObject({ exitCode: 0, output: 'fine\n' });
  });
});
