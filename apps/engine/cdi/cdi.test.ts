import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkSpec } from './check.ts';
import { readCdiSpecs } from './read-specs.ts';

const device = (name: string, containerEdits: object = {}) => ({ name, containerEdits });
const spec = (devices: object[], more: object = {}) => ({
  cdiVersion: '0.6.0',
  kind: 'example.com/net',
  devices,
  ...more,
});

describe('a specification', () => {
  test('is taken apart, defaults filled in', () => {
    const edits = {
      env: ['A=1'],
      deviceNodes: [{ path: '/dev/x', hostPath: '/dev/null' }],
      mounts: [{ hostPath: '/a', containerPath: '/b', options: ['ro'] }],
      hooks: [{ hookName: 'createContainer', path: '/bin/true' }],
      additionalGids: [5],
    };
    const { kind, devices } = checkSpec(spec([device('eth0', edits)]));
    expect(kind).toBe('example.com/net');
    expect(devices[0]).toMatchObject({
      name: 'eth0',
      edits: {
        env: ['A=1'],
        deviceNodes: [{ path: '/dev/x', hostPath: '/dev/null', permissions: 'rwm', major: undefined }],
        mounts: [{ hostPath: '/a', containerPath: '/b', type: '', options: ['ro'] }],
        hooks: [{ hookName: 'createContainer', path: '/bin/true', args: [], env: [], timeout: undefined }],
        additionalGids: [5],
        unsupported: [],
      },
    });
  });

  test.each<[unknown, string]>([
    [[], 'specification: not an object'],
    [spec([device('a')], { cdiVersion: '9.0.0' }), 'cdiVersion "9.0.0" is not supported'],
    [spec([device('a')], { kind: '../etc' }), 'kind "../etc" is not of the form vendor.com/class'],
    [spec([]), 'devices: there are none'],
    [spec([device('a'), device('a')]), 'devices: a is there twice'],
    [spec([device('a/b')]), 'devices[0].name: "a/b" is not a device name'],
    [spec([device('a', { env: ['A'] })]), 'devices[0].containerEdits.env[0]: "A" is not NAME=value'],
    [spec([device('a', { deviceNodes: [{ path: 'x' }] })]), '"x" is not an absolute path'],
    [spec([device('a', { deviceNodes: [{ path: '/x', type: 'q' }] })]), 'q is not b, c, u or p'],
    [spec([device('a', { mounts: [{ hostPath: '/x\0', containerPath: '/y' }] })]), 'has a zero byte'],
    [spec([device('a', { hooks: [{ hookName: 'later', path: '/x' }] })]), 'later is none of prestart'],
    [spec([device('a', { additionalGids: [-1] })]), 'not a whole number from 0'],
    [spec([device('a', { env: new Array(5000).fill('A=1') })]), 'more than 4096 entries'],
  ])('%# is refused', (value, message) => {
    expect(() => checkSpec(value)).toThrow(message);
  });
});

describe('directories of specifications', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'berth-cdi-'));
    for (const name of ['early', 'late']) mkdirSync(join(root, name));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const put = (path: string, content: object | string) =>
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o644 });
  const read = () => readCdiSpecs([join(root, 'early'), join(root, 'late'), join(root, 'missing'), '']);

  test('JSON and YAML are read; the later directory wins', async () => {
    put('early/a.json', spec([device('one', { env: ['FROM=early'] }), device('two')]));
    put(
      'late/b.yaml',
      'cdiVersion: "0.5.0"\nkind: example.com/net\ndevices:\n- name: one\n  containerEdits:\n    env: [FROM=late]\n',
    );
    put('late/notes.txt', 'nothing');
    const { devices, problems } = await read();
    expect([...devices.keys()].sort()).toEqual(['example.com/net=one', 'example.com/net=two']);
    expect(devices.get('example.com/net=one')?.device.edits.env).toEqual(['FROM=late']);
    expect(problems).toEqual([]);
  });

  test('a device that is in two files of one directory is in neither', async () => {
    put('early/a.json', spec([device('one')]));
    put('early/b.json', spec([device('one'), device('two')]));
    const { devices, problems } = await read();
    expect([...devices.keys()]).toEqual(['example.com/net=two']);
    expect(problems).toEqual([expect.stringMatching(/^example.com\/net=one is both in .*a\.json and in .*b\.json$/)]);
  });

  test('what cannot be used is told and the rest goes on', async () => {
    put('early/bad.json', '{');
    put('early/bomb.yaml', `a: &a [1,1]\n${Array.from({ length: 200 }, (_, i) => `k${i}: [*a,*a]`).join('\n')}\n`);
    put('early/open.json', spec([device('open')]));
    chmodSync(join(root, 'early/open.json'), 0o666);
    put('early/good.json', spec([device('good')]));
    const { devices, problems } = await read();
    expect([...devices.keys()]).toEqual(['example.com/net=good']);
    expect(problems.map((problem) => problem.replace(/^.*\//, '').slice(0, 12)).sort()).toEqual([
      'bad.json: Ex',
      'bomb.yaml: E',
      'open.json: o',
    ]);
  });
});
