import { execFileSync, spawnSync } from 'node:child_process';
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
