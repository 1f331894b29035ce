import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCommandLine } from './command-line.ts';
import { loadConfig } from './load.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-settings-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function load(content: string | object, ...flags: string[]) {
  const file = join(directory, 'daemon.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  return loadConfig(readCommandLine(['--config-file', file, ...flags]));
}

describe('a file', () => {
  test('sets what it names', () => {
    expect(
      load({
        'data-root': '/d',
        debug: true,
        hosts: ['unix:///s'],
        'default-address-pools': [{ base: '10.0.0.0/8', size: 24 }],
        'insecure-registries': ['r.example:5000', '10.0.0.0/8'],
      }),
    ).toMatchObject({
      dataRoot: '/d',
      debug: true,
      hosts: ['unix:///s'],
      addressPools: [{ base: '10.0.0.0/8', size: 24 }],
      insecureRegistries: ['r.example:5000', '10.0.0.0/8'],
    });
  });

  test.each(['', '  \n', '{}'])('may be empty: %j', (text) => {
    expect(load(text).dataRoot).toBe('/var/lib/berth');
  });

  test('that was named must be there; the default one need not', () => {
    const missing = join(directory, 'missing.json');
    expect(() => loadConfig(readCommandLine(['--config-file', missing]))).toThrow(`${missing}: no such file`);
  });

  test.each([
    ['no JSON', '{"debug": tru}', /daemon\.json is not JSON: .*/],
    ['a list', '[1]', /daemon\.json: found \[1\], accepted is one JSON object/],
    ['a wrong type', '{\n  "debug":\n "yes"}', /daemon\.json, line 2: "debug": found "yes", accepted is true or false/],
    [
      'an unknown key',
      '{\n\n"debg": true}',
      /line 3: "debg" does not match any configuration option. Did you mean "debug"\?/,
    ],
    ['a key of the flag', '{"insecure-registry": []}', /Did you mean "insecure-registries"\?/],
    ['a key that stands there twice', '{"debug": true,\n"debug": false}', /line 2: "debug" stands there twice/],
    [
      'a wrong item',
      '{"hosts": ["unix:///a",\n"http://b"]}',
      /line 2: "hosts\[1\]": found "http:\/\/b", accepted is a list of/,
    ],
    [
      'a switch that only goes one way',
      '{"live-restore": false}',
      /"live-restore": false is not taken: containers always/,
    ],
    [
      'a text where a number is due',
      '{"max-concurrent-downloads": "3"}',
      /found "3", accepted is a whole number from 1/,
    ],
    ['a proxy that is none', '{"proxies": {"http-proxy": 3}}', /"proxies.http-proxy": found 3/],
    ['proxies that are no object', '{"proxies": "x"}', /"proxies": found "x", accepted is an object/],
    ['a runtime without path', '{"runtimes": {"a": {\n"runtimeArgs": []}}}', /"runtimes.a.path": found undefined/],
    [
      'a limit that is none',
      '{"default-ulimits": {"nofiles": {"Hard": 1}}}',
      /"default-ulimits.nofiles": found {"Hard":1}/,
    ],
  ])('with %s is refused', (_what, text, reason) => {
    expect(() => load(text)).toThrow(reason);
  });

  test.each(['engine.md', 'remote.md'])('is as the guide shows it in %s', (page) => {
    const text = readFileSync(join(import.meta.dirname, '../../../docs/guide', page), 'utf8');
    const examples = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, example]) => example!);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) load(example);
  });

  test('is told everything that is wrong with it at once', () => {
    expect(() => load({ debug: 1, hosts: 'x', nope: 2 }, '--log-level', 'loud')).toThrow(
      /^the configuration has 4 problems:\n.*"debug".*\n.*"hosts".*\n.*"nope".*\n.*--log-level/,
    );
  });

  test('does not say again what a flag says', () => {
    expect(() => load({ debug: true, 'log-level': 'info', bip: '10.1.0.1/24' }, '-D', '--log-level', 'info')).toThrow(
      /the following directives are specified both as a flag and in the configuration file .*: debug: \(from flag: true, from file: true\), log-level: \(from flag: "info", from file: "info"\)$/,
    );
  });
});
