import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, startContainers } from '../../support/containers.ts';
import { docker } from '../../support/docker.ts';

let root: string;
let engines: Containers[];

/** A device with everything that a specification may ask for. */
const spec = () => `cdiVersion: "0.6.0"
kind: example.com/thing
containerEdits:
  env: [ALL=yes]
devices:
- name: one
  containerEdits:
    env: [THING=one]
    deviceNodes:
    - {path: /dev/thing0, hostPath: /dev/fuse, permissions: r}
    mounts:
    - {hostPath: ${root}/driver, containerPath: /opt/driver, options: [ro, nosuid, nodev, bind]}
    hooks:
    - {hookName: createContainer, path: ${root}/hook, args: [hook, ${root}/created], env: [WORD=by-hook]}
    additionalGids: [4242]
- name: two
  containerEdits:
    env: [TWO=2]
- name: late
  containerEdits:
    hooks: [{hookName: poststop, path: /bin/true}]
- name: net
  containerEdits:
    netDevices: [{hostInterfaceName: eth7, name: eth0}]
- name: gone
  containerEdits:
    deviceNodes: [{path: /dev/gone-for-good}]
`;
const GPUS = {
  cdiVersion: '0.5.0',
  kind: 'nvidia.com/gpu',
  devices: ['0', '1', 'all'].map((name) => ({ name, containerEdits: { env: [`GPU_${name}=1`] } })),
};

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'berth-cdi-'));
  chmodSync(root, 0o755);
  for (const name of ['specs', 'driver', 'none']) mkdirSync(join(root, name));
  writeFileSync(join(root, 'driver', 'lib'), 'driver');
  writeFileSync(join(root, 'hook'), '#!/bin/sh\necho "$WORD $(head -c 12)" > "$1"\n', { mode: 0o755 });
  writeFileSync(join(root, 'specs', 'thing.yaml'), spec(), { mode: 0o644 });
  writeFileSync(join(root, 'specs', 'gpu.json'), JSON.stringify(GPUS), { mode: 0o644 });
  engines = [];
  for (const runtime of ['crun', 'runc'])
    engines.push(await startContainers({ args: ['--cdi-spec-dir', join(root, 'specs'), '--runtime', runtime] }));
  engines.push(await startContainers({ args: ['--cdi-spec-dir', join(root, 'none')] }));
});
afterAll(async () => {
  for (const { engine } of engines) await engine.stop();
  rmSync(root, { recursive: true, force: true });
});

const things = (...names: string[]) => ({
  HostConfig: {
    DeviceRequests: [{ Driver: 'cdi', Count: 0, DeviceIDs: names.map((name) => `example.com/thing=${name}`) }],
  },
});

describe.each([
  ['crun', 0],
  ['runc', 1],
])('under %s', (_, index) => {
  test('--device: a CDI name brings environment, node, mount, groups and hooks', async () => {
    const c = engines[index]!;
    rmSync(join(root, 'created'), { force: true });
    const script = `echo $ALL $THING; stat -c %t:%T:%F /dev/thing0; cat /opt/driver/lib; echo; id -G
      touch /opt/driver/x 2>/dev/null || echo read-only
      (exec 3</dev/thing0) && echo readable
      (exec 3>/dev/thing0) 2>/dev/null || echo not writable`;
    const { stdout } = await c.run(['sh', '-c', script], things('one'));
    const [env, node, driver, groups, ...rest] = stdout.trimEnd().split('\n');
    expect([env, node, driver]).toEqual(['yes one', 'a:e5:character special file', 'driver']);
    expect(groups?.split(' ')).toContain('4242');
    expect(rest).toEqual(['read-only', 'readable', 'not writable']);
    // A hook gets its environment and the state of the container on its input.
    expect(readFileSync(join(root, 'created'), 'utf8')).toMatch(/^by-hook \{/);
  });

  test('--device: edits of the whole specification come with each device, and only then', async () => {
    const c = engines[index]!;
    expect(await c.sh('echo $ALL.$THING.$TWO', things('two'))).toBe('yes..2');
    expect(await c.sh('echo $ALL.$THING.$TWO; test ! -e /opt/driver')).toBe('..');
  });
});

test.each<[string, RegExp]>([
  ['nope', /CDI device injection failed: unresolvable CDI devices example\.com\/thing=nope/],
  ['late', /needs a hook poststop, which this version does not support/],
  ['net', /needs netDevices, which this version does not support/],
  ['gone', /needs a node that is not there \(\/dev\/gone-for-good: ENOENT\)/],
])('--device: CDI device %s is refused at the start', async (name, message) => {
  const c = engines[0]!;
  const id = await c.create(['true'], things(name));
  expect(await c.refusal('POST', `/containers/${id}/start`)).toMatch(message);
  expect((await c.inspect(id)).State.Status).toBe('created');
});

test('--gpus: are the GPUs of CDI specifications, by the real client', async () => {
  const { engine } = engines[0]!;
  const gpus = async (wish: string) => {
    const script = 'env | grep ^GPU_ | sort | tr "\\n" " "';
    const { code, stdout, stderr } = await docker(engine, [
      'run',
      '--rm',
      '--gpus',
      wish,
      'busybox:test',
      'sh',
      '-c',
      script,
    ]);
    expect([code, stderr]).toEqual([0, '']);
    return stdout.trim();
  };
  expect(await gpus('all')).toBe('GPU_all=1');
  expect(await gpus('2')).toBe('GPU_0=1 GPU_1=1');
  expect(await gpus('device=1')).toBe('GPU_1=1');
  const cdi = await docker(engine, [
    'run',
    '--rm',
    '--device',
    'example.com/thing=two',
    'busybox:test',
    'sh',
    '-c',
    'echo $TWO',
  ]);
  expect(cdi).toMatchObject({ code: 0, stdout: '2\n', stderr: '' });
});

test('--gpus: without a specification is refused as by Docker', async () => {
  const { engine } = engines[2]!;
  const { code, stderr } = await docker(engine, ['run', '--gpus', 'all', 'busybox:test', 'true']);
  expect(code).toBe(125);
  expect(stderr).toContain('could not select device driver "" with capabilities: [[gpu]]');
});

test('info and inspect show what there is and what was asked for', async () => {
  const c = engines[0]!;
  const info = (await c.ask('GET', '/info')).json<{ CDISpecDirs: string[]; DiscoveredDevices: object[] }>();
  expect(info.CDISpecDirs).toEqual([join(root, 'specs')]);
  expect(info.DiscoveredDevices).toContainEqual({ Source: 'cdi', ID: 'example.com/thing=one' });
  const id = await c.create(['true'], things('one'));
  expect((await c.inspect(id)).HostConfig['DeviceRequests']).toMatchObject([
    { Driver: 'cdi', DeviceIDs: ['example.com/thing=one'] },
  ]);
});
