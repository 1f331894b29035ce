import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OwnRegistry, startOwnRegistry } from '../../support/own-registry.ts';
import { call, newImage, putManifest } from '../../support/registry-calls.ts';

const CLIENT = path.resolve(import.meta.dirname, '../../../apps/cli/main.ts');
const berth = (...args: string[]) => execFileSync(process.execPath, [CLIENT, ...args], { encoding: 'utf8' });

describe('the commands of the registry', () => {
  let registry: OwnRegistry;
  beforeAll(async () => {
    registry = await startOwnRegistry();
  });
  afterAll(() => registry?.close());

  it('berth registry serve answers, and says how to use it', async () => {
    expect((await fetch(`http://${registry.domain}/v2/`)).status).toBe(200);
    expect(berth('registry', 'serve', '--help')).toMatch(/^Usage: {2}berth registry serve \[OPTIONS\]/);
    expect(berth('registry', '--help')).toMatch(/gc +Remove what no manifest/);
  });

  it('one registry for each root', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [CLIENT, 'registry', 'serve', '--root', registry.root, '--listen', '127.0.0.1:0'],
      { encoding: 'utf8' },
    );
    expect(status).toBe(1);
    expect(stderr).toBe(`berth: another registry is using the root ${registry.root}\n`);
  });

  it('berth registry gc and berth registry retention: by the registry that serves, and without one', async () => {
    const content = Buffer.from('nobody needs this');
    const url = `http://${registry.domain}/v2/team/app/blobs/uploads/?digest=${DIGEST}`;
    expect((await fetch(url, { method: 'POST', body: content })).status).toBe(201);
    const gc = (...flags: string[]) => JSON.parse(berth('registry', 'gc', '--root', registry.root, '--json', ...flags));
    expect(gc()).toMatchObject({ removed: 0, unlinked: 0 }); // its manifest may be on its way
    expect(gc('--grace', '0', '--dry-run')).toMatchObject({ dryRun: true, unlinked: 1 });
    expect((await fetch(`http://${registry.domain}/v2/team/app/blobs/${DIGEST}`)).status).toBe(200);
    expect(await registry.stop()).toBe(0);
    expect(gc('--grace', '0')).toMatchObject({ dryRun: false, unlinked: 1, removed: 1, bytes: content.length });
    expect(berth('registry', 'retention', '--root', registry.root)).toBe(
      'removed 0 tags and 0 manifests in 0 repositories with a rule\n',
    );
  });

  it('berth registry retention says what it removed by the rules, and before that what it would', async () => {
    const rules = [{ repositories: ['team/*'], keepLast: 1, keepTags: ['v*'] }];
    await using own = await startOwnRegistry({ config: { retention: { rules } } });
    const url = `http://${own.domain}`;
    for (const tag of ['v1', 'old', 'new']) await putManifest(url, 'team/app', tag, await newImage(url, 'team/app'));
    const retention = (...flags: string[]) => berth('registry', 'retention', '--root', own.root, ...flags);
    expect(retention('--dry-run')).toBe(
      'would remove team/app:old\nwould remove 1 tag and 0 manifests in 1 repository with a rule\n',
    );
    expect(retention()).toBe('removed team/app:old\nremoved 1 tag and 0 manifests in 1 repository with a rule\n');
    expect((await call(url, 'GET', '/v2/team/app/tags/list')).json()).toMatchObject({ tags: ['new', 'v1'] });
  });

  it.each(['gc', 'retention'])(
    'berth registry %s at a place without a registry says so, and makes nothing',
    (command) => {
      const nowhere = path.join(path.dirname(registry.root), 'nowhere');
      const words = ['registry', command, '--root', nowhere];
      const { status, stdout, stderr } = spawnSync(process.execPath, [CLIENT, ...words], { encoding: 'utf8' });
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^berth: there is no registry at .*nowhere\n.*--root.*--config/);
      expect(existsSync(nowhere)).toBe(false);
    },
  );

  it('serve --validate says whether a start would take the settings, and does not start', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'berth-registry-validate-'));
    const validate = (config: object) => {
      writeFileSync(path.join(folder, 'registry.json'), JSON.stringify(config));
      const words = ['registry', 'serve', '--validate', '--config', path.join(folder, 'registry.json')];
      const { status, stdout, stderr } = spawnSync(process.execPath, [CLIENT, ...words], { encoding: 'utf8' });
      return [status, stdout, stderr];
    };
    try {
      const root = path.join(folder, 'root');
      // The address is taken: nothing listens, or it would say so.
      expect(validate({ root, listen: registry.domain })).toEqual([0, 'configuration OK\n', '']);
      expect(existsSync(root)).toBe(false);
      expect(validate({ root, lisen: 'x' })).toEqual([
        ...[1, ''],
        expect.stringMatching(/^berth: the setting lisen is not known; there is root, listen, /),
      ]);
      expect(validate({ root: path.join(folder, 'registry.json') })).toEqual([
        ...[1, ''],
        expect.stringMatching(/^berth: cannot use the root .*registry.json is no folder/),
      ]);
      const refused = (message: RegExp) => [1, '', expect.stringMatching(message)];
      expect(validate({ root, watch: { listen: 'x' } })).toEqual(refused(/"x" is no address to listen at/));
      expect(validate({ root, tls: { certificate: '/none', key: '/none' } })).toEqual(refused(/file \/none for TLS/));
      expect(validate({ root, access: { htpasswd: '/none' } })).toEqual(
        refused(/file of users cannot be read: \/none/),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('serve --log-level counts over the file: more is said', async () => {
    await using own = await startOwnRegistry({ flags: ['--log-level', 'info'], config: { log: { level: 'error' } } });
    expect((await fetch(`http://${own.domain}/v2/`)).status).toBe(200);
    await expect.poll(() => own.output()).toMatch(/level=info msg="request" /);
  });

  it.each([
    ['--log-level', ['--log-level', 'warn'], {}],
    ['REGISTRY_LOG_LEVEL', ['--environment'], { REGISTRY_LOG_LEVEL: 'warn' }],
  ])('%s counts over the file: less is said', async (_, flags, variables) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'berth-registry-level-'));
    const file = path.join(folder, 'registry.json');
    writeFileSync(file, JSON.stringify({ log: { level: 'debug' }, root: path.join(folder, 'root') }));
    const port = await freePort();
    const words = ['registry', 'serve', '--config', file, '--listen', `:${port}`, ...flags];
    const child = spawn(process.execPath, [CLIENT, ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...variables },
    });
    const ended = once(child, 'close');
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    try {
      const status = () => fetch(`http://127.0.0.1:${port}/v2/`).then(({ status }) => status, String);
      await expect.poll(status, { timeout: 30_000 }).toBe(200);
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      const lines = said.trimEnd().split('\n');
      expect(lines).toEqual([expect.stringMatching(/level=warn msg="anybody who reaches this address may push/)]);
    } finally {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true });
    }
  });

  it('variables of Docker’s registry do not count without --environment', async () => {
    await using own = await startOwnRegistry({ variables: { REGISTRY_AUTH: 'silly', REGISTRY_NO_SUCH: 'x' } });
    expect((await fetch(`http://${own.domain}/v2/`)).status).toBe(200);
  });

  it.each([
    [['--lisen', 'x'], /unknown flag: --lisen/],
    [['--listen', 'x', '--root', '/tmp/berth-registry-not-used'], /"x" is no address to listen at/],
    [['--root', 'relative'], /root is an absolute path/],
    [['--config', '/nowhere.json'], /cannot read the configuration file \/nowhere\.json/],
    [['extra'], /no arguments are taken: extra/],
  ])('refuses %j', (flags, why) => {
    const { status, stderr } = spawnSync(process.execPath, [CLIENT, 'registry', 'serve', ...flags], {
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(why);
  });
});

/** Of "nobody needs this". */
const DIGEST = 'sha256:52c04b39d6f9f5cd63dab302da317bf95cfeebac79d43a993d00c059aecdd315';

/** Of this machine, that nobody listens at. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
