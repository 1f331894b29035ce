import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineProgram, reload } from '../../support/daemon.ts';
import { run } from '../../support/docker.ts';
import { configFile, startTestEngine, type TestEngine } from '../../support/engine.ts';

describe('the program of the engine', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'berth-daemon-json-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const fileOf = (content: object | string) => {
    const file = join(directory, 'daemon.json');
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    return ['--config-file', file];
  };

  test('--help lists all flags under headings', async () => {
    const { code, stdout } = await engineProgram('--help');
    expect(code).toBe(0);
    for (const part of ['\nService:\n', '\nNetworks:\n', '  -H, --host ADDRESS', '--tlsverify', '--config-file FILE'])
      expect(stdout).toContain(part);
  });

  test('--version', async () => {
    expect((await engineProgram('--version')).stdout).toMatch(/^Berth version \d+\.\d+\.\d+, build \S+\n$/);
  });

  test('--validate checks without starting anything', async () => {
    const root = join(directory, 'root');
    const good = { 'data-root': `${root}/data`, 'exec-root': `${root}/run`, 'log-level': 'debug', labels: ['a=b'] };
    expect(await engineProgram(...fileOf(good), '--validate')).toEqual({
      code: 0,
      stdout: 'configuration OK\n',
      stderr: '',
    });
    expect(existsSync(root)).toBe(false);
    const bad = await engineProgram(...fileOf({ ...good, 'log-level': 'loud' }), '--validate');
    expect(bad).toEqual({
      code: 1,
      stdout: '',
      stderr: `berth: ${directory}/daemon.json, line 4: "log-level": found "loud", accepted is "debug", "info", "warn" or "error"\n`,
    });
  });

  test('an error in the settings ends it before anything is made', async () => {
    const root = join(directory, 'root');
    const roots = ['--data-root', `${root}/data`, '--exec-root', `${root}/run`];
    const { code, stderr } = await engineProgram(...fileOf({ nope: 1, debug: 'x' }), ...roots);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^berth: the configuration has 2 problems:\n.*line 2: "nope" does not match .*\n.*line 3: "debug"/,
    );
    expect(existsSync(root)).toBe(false);
  });

  test.each([
    ['a socket in use', async (busy: string) => ['-H', `unix://${busy}`], /another engine answers there/],
    [
      'a data root that is a file',
      async () => {
        writeFileSync(join(directory, 'file'), '');
        return ['--data-root', join(directory, 'file')];
      },
      /cannot use the data root .*file is not a directory/,
    ],
  ])('%s is one sentence, and exit code 1', async (_what, flagsOf, reason) => {
    const busy = join(directory, 'busy.sock');
    const server = createServer().listen(busy);
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      const flags = await flagsOf(busy);
      const own = ['--data-root', join(directory, 'd'), '--exec-root', join(directory, 'e')];
      const names = ['--bridge', 'bt-never', '--nft-table', 'berth_never', '--bip', '10.254.253.1/24'];
      const { code, stderr } = await engineProgram('--config-file', '/dev/null', ...own, ...names, ...flags);
      expect(code).toBe(1);
      expect(stderr).toMatch(reason);
      expect(stderr.split('\n').filter((line) => line.startsWith('berth:'))).toHaveLength(1);
      expect(existsSync('/sys/class/net/bt-never')).toBe(false);
      expect(existsSync(join(directory, 'e/berth.pid'))).toBe(false);
    } finally {
      server.close();
    }
  });
});

describe('a host that cannot run containers', () => {
  /** Runs the engine in mounts and a network of its own, after what the script changes there; how it ended. */
  const inWorldOf = async (prepare: string, flags: string, through = '') => {
    const root = mkdtempSync(join(tmpdir(), 'berth-host-'));
    const main = resolve(import.meta.dirname, '../../../apps/engine/main.ts');
    const roots = `--data-root ${root}/data --exec-root ${root}/run --bridge bt-never --nft-table berth_never --bip 10.254.253.1/24`;
    const script = `set -e\ncd ${root}\n${prepare}\nexec ${through} ${process.execPath} ${main} --config-file /dev/null ${roots} ${flags}`;
    try {
      const { code, stderr } = await run('unshare', [
        '--mount',
        '--net',
        '--propagation',
        'private',
        'sh',
        '-c',
        script,
      ]);
      return { code, stderr, left: existsSync(join(root, 'data')) ? readdirSync(join(root, 'data')) : [] };
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  };

  test('data on a file system that overlayfs does not take', async () => {
    const prepare = 'mkdir l u w m; mount -t overlay overlay -o lowerdir=l,upperdir=u,workdir=w m';
    const { code, stderr } = await inWorldOf(prepare, '--data-root $PWD/m/data');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^berth: the file system of the data root .*\/m\/data cannot hold the writable layers .*\n.*ext4, xfs/,
    );
  });

  test('roots that cannot be written', async () => {
    const { code, stderr } = await inWorldOf('mkdir ro; mount -t tmpfs -o ro none ro', '--data-root $PWD/ro/data');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^berth: cannot use the data root .*\/ro\/data: EROFS/)]);
  });

  test('where mounting is not permitted', async () => {
    const drop = 'set -- setpriv --bounding-set -sys_admin --inh-caps -sys_admin';
    const { code, stderr, left } = await inWorldOf(drop, '', '"$@"');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^berth: mounting is not permitted here/)]);
    expect(left).toEqual(['engine.lock']);
  });
});

describe('an engine with a daemon.json', () => {
  let engine: TestEngine;
  let pidFile: string;
  beforeAll(async () => {
    pidFile = join(mkdtempSync(join(tmpdir(), 'berth-pid-')), 'deep', 'engine.pid');
    engine = await startTestEngine({
      config: { labels: ['rack=7', 'mood=good'], pidfile: pidFile, 'log-format': 'json', 'shutdown-timeout': 20 },
    });
  });
  afterAll(async () => {
    await engine.stop();
    rmSync(join(pidFile, '../..'), { recursive: true, force: true });
  });
  const info = async () => (await engine.request('GET', '/info')).json<Record<string, unknown>>();
  const write = (settings: object) => writeFileSync(configFile(engine), JSON.stringify(settings, null, 2));
  const last = (log: string) =>
    log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  test('does what it says', async () => {
    expect(await info()).toMatchObject({ Labels: ['rack=7', 'mood=good'], LiveRestoreEnabled: true });
    expect(existsSync(pidFile)).toBe(true);
    expect(last(engine.output())).toContainEqual(expect.objectContaining({ level: 'info', msg: 'engine is ready' }));
  });

  test('reads it again on SIGHUP: what can change changes, the rest is named', async () => {
    const events = engine.request('GET', `/events?since=${Date.now() / 1000 - 1}&until=${Date.now() / 1000 + 3}`);
    write({ labels: ['rack=8'], pidfile: '/elsewhere.pid', 'log-format': 'json', 'insecure-registries': ['r:1'] });
    const log = last(await reload(engine));
    expect(log).toContainEqual(
      expect.objectContaining({
        msg: 'settings were read again',
        changed: {
          labels: { from: ['rack=7', 'mood=good'], to: ['rack=8'] },
          'insecure-registries': { from: [], to: ['r:1'] },
          'shutdown-timeout': { from: 20, to: 15 },
        },
      }),
    );
    expect(engine.output()).toMatch(/need a restart of the engine \(containers go on\)","settings":"pidfile"/);
    const now = await info();
    expect(now).toMatchObject({
      Labels: ['rack=8'],
      RegistryConfig: { IndexConfigs: { 'r:1': { Secure: false } } },
    });
    const lines = (await events).text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(
      expect.objectContaining({
        Type: 'daemon',
        Action: 'reload',
        Actor: {
          ID: now['ID'],
          Attributes: expect.objectContaining({
            labels: '["rack=8"]',
            'shutdown-timeout': '15',
            'live-restore': 'true',
          }),
        },
      }),
    );
  });

  test('an error in it changes nothing', async () => {
    const before = await info();
    write({ labels: ['rack=9'], debug: 'x' });
    expect(await reload(engine)).toMatch(
      /not read again: nothing has changed","error":".*daemon\.json, line 5: \\"debug\\"/,
    );
    expect((await info())['Labels']).toEqual(before['Labels']);
  });

  test('debug can be switched on', async () => {
    write({ 'log-format': 'json', 'log-level': 'info' });
    expect(await reload(engine)).toContain('specified both as a flag and in the configuration file');
    write({ 'log-format': 'json', debug: true });
    await reload(engine);
    expect(await info()).toMatchObject({ Debug: true, Labels: [] });
  });
});
