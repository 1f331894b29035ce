import { afterAll, beforeAll, expect, it } from 'vitest';
import { composeHere, composeOk, type ProjectFolder, projectFolder } from '../../support/compose.ts';
import { docker } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import { BASE_ENV, baseFile, EDITS, type File } from './edits.cases.ts';

let engine: TestEngine;
let shop: ProjectFolder;

beforeAll(async () => {
  engine = await startTestEngine();
  await docker(engine, ['load'], { input: dockerArchive([busyboxImage(['busybox:latest'])]) });
  shop = projectFolder('shop', {});
  write(baseFile(), BASE_ENV);
  await composeOk(engine, shop, ['up', '-d']);
});

afterAll(async () => {
  await composeHere(engine, shop, ['-f', `${shop.folder}/compose.yaml`, 'down', '-v', '-t', '0', '--remove-orphans']);
  shop[Symbol.dispose]();
  await engine.stop();
});

function write(file: File, env: string): void {
  shop.write('compose.yaml', JSON.stringify(file, null, 1));
  shop.write('.env', env);
}

/** As it was before the edits. */
async function back(): Promise<void> {
  write(baseFile(), BASE_ENV);
  await run('up', '-d', '--remove-orphans');
}

async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await composeHere(engine, shop, ['-f', `${shop.folder}/compose.yaml`, ...args]);
  if (code !== 0)
    throw new Error(
      `compose ${args.join(' ')} ended with ${code}: ${stdout}${stderr}\nThe engine: ${engine.output().slice(-2000)}`,
    );
  return stdout;
}

/** `web` or `web#2` → id and when it was started. */
async function present(): Promise<Map<string, { id: string; started: string }>> {
  const listed = await engine.request('GET', '/containers/json?all=1');
  const found = new Map<string, { id: string; started: string }>();
  for (const { Id, Labels } of listed.json<{ Id: string; Labels: Record<string, string> }[]>()) {
    const details = await engine.request('GET', `/containers/${Id}/json`);
    const number = Labels['com.docker.compose.container-number'];
    const name = `${Labels['com.docker.compose.service']}${number === '1' ? '' : `#${number}`}`;
    found.set(name, { id: Id, started: details.json<{ State: { StartedAt: string } }>().State.StartedAt });
  }
  return found;
}

/** What happened to each container. */
function happened(
  before: Awaited<ReturnType<typeof present>>,
  after: Awaited<ReturnType<typeof present>>,
): Record<string, string> {
  const acts: Record<string, string> = {};
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [old, made] = [before.get(name), after.get(name)];
    if (!old) acts[name] = 'create';
    else if (!made) acts[name] = 'remove';
    else if (old.id !== made.id) acts[name] = 'replace';
    else if (old.started !== made.started) acts[name] = 'restart';
  }
  return acts;
}

interface Plan {
  entries: {
    kind: string;
    name: string;
    service?: string;
    action: string;
    reasons: { field: string; note?: string; source?: string }[];
  }[];
}

function predicted({ entries }: Plan): Record<string, string> {
  const acts: Record<string, string> = {};
  for (const { kind, name, service = '', action } of entries) {
    const number = /-(\d+)$/.exec(name)?.[1] ?? '1';
    if (kind === 'container' && action !== 'keep') acts[number === '1' ? service : `${service}#${number}`] = action;
  }
  return acts;
}

it.each(EDITS.map((edit) => [edit.title, edit] as const))(
  '%s: what plan says is what up does',
  async (_, { edit, acts, env = BASE_ENV }) => {
    const file = baseFile();
    edit(file);
    write(file, env);
    const plan = JSON.parse(await run('plan', '--format', 'json')) as Plan;
    expect(predicted(plan)).toEqual(acts);
    // Every change is explained, and by the file where a field of it is the reason.
    for (const { action, reasons } of plan.entries) if (action !== 'keep') expect(reasons.length).toBeGreaterThan(0);
    const before = await present();
    await run('up', '-d');
    const after = await present();
    expect(happened(before, after)).toEqual(acts);
    // A second one has nothing to do.
    expect(predicted(JSON.parse(await run('plan', '--format', 'json')) as Plan)).toEqual({});
    await back();
    expect([...(await present()).keys()].sort()).toEqual(['db', 'web']);
  },
);

it('says the field, its old and its new value, and where it stands', async () => {
  const file = baseFile();
  Object.assign(file.services.web ?? {}, { environment: { A: '2', B: '$FROM_ENV' } });
  write(file, 'FROM_ENV=changed\n');
  const text = await run('plan');
  expect(text).toMatch(
    /± replace container shop-web-1\n +environment\.A: "1" → "2" {2}\(\S*compose\.yaml:\d+\)\n +environment\.B: "file" → "changed" {2}\(\S*compose\.yaml:\d+ \(FROM_ENV from \S*\.env:1\)\)/,
  );
  write(baseFile(), BASE_ENV);
});
