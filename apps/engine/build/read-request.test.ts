import { expect, test } from 'vitest';
import { readBuildRequest } from './read-request.ts';

function read(parameters: Record<string, string | string[]>, registryConfig?: string) {
  const all = (name: string) => [parameters[name] ?? []].flat();
  const text = (name: string) => all(name)[0] ?? '';
  return readBuildRequest(
    {
      ...{ all, text, registryConfig, has: (name) => name in parameters },
      flag: (name) => !['', '0', 'false'].includes(text(name)),
      integer: (name) => (text(name) === '' ? undefined : Number(text(name))),
    },
    () => undefined,
  );
}

test("Docker's defaults", () => {
  expect(read({})).toMatchObject({
    ...{
      tags: [],
      dockerfile: 'Dockerfile',
      remote: '',
      noCache: false,
      pull: false,
      remove: true,
      forceRemove: false,
    },
    ...{ buildArgs: {}, labels: {}, target: '', squash: false, platform: '', version: '1' },
    run: { NetworkMode: '', ExtraHosts: [], Memory: 0, ShmSize: 0, Ulimits: [] },
  });
});

test('names are whole and each there once', () => {
  const { tags } = read({ t: ['app', 'app:latest', 'reg:5000/x:1'] });
  expect(tags.map(({ domain, path, tag }) => `${domain}/${path}:${tag}`)).toEqual([
    'docker.io/library/app:latest',
    'reg:5000/x:1',
  ]);
});

test('an argument without value, hosts and security options in either form, limits', () => {
  expect(read({ buildargs: '{"A":"1","B":null}' }).buildArgs).toEqual({ A: '1', B: null });
  expect(read({ extrahosts: '["a:1.2.3.4"]' }).run.ExtraHosts).toEqual(['a:1.2.3.4']);
  expect(read({ extrahosts: ['a:1.2.3.4', 'b:1.2.3.5'] }).run.ExtraHosts).toEqual(['a:1.2.3.4', 'b:1.2.3.5']);
  const options = ['seccomp=unconfined', 'no-new-privileges'];
  expect(read({ securityopt: options }).run.SecurityOpt).toEqual(options);
  expect(read({ securityopt: JSON.stringify(options) }).run.SecurityOpt).toEqual(options);
  expect(read({ memory: '5', ulimits: '[{"Name":"nofile","Soft":1,"Hard":2}]' }).run).toMatchObject({
    Memory: 5,
    Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
  });
});

test('credentials by host; what cannot be read is none', () => {
  const header = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const auth = { username: 'u' };
  expect(
    read({}, header({ 'https://index.docker.io/v1/': auth, 'https://reg.example/v2/': auth, bad: 1 })).registryAuth,
  ).toEqual({ 'docker.io': auth, 'reg.example': auth });
  expect(read({}, '!!').registryAuth).toEqual({});
});

test.each([
  [{ buildargs: '{' }, 'error reading build args: unexpected end of JSON input'],
  [{ buildargs: '{"A":1}' }, 'error reading build args: it must be an object of strings'],
  [{ labels: '{"A":null}' }, 'error reading labels: it must be an object of strings'],
  [{ ulimits: '{}' }, 'error reading ulimit settings: it must be a list of objects'],
  [{ cachefrom: '{}' }, 'error reading cache-from: it must be a list of strings'],
  [{ version: '3' }, 'invalid version 3'],
  [{ isolation: 'hyperv' }, 'Unsupported isolation: "hyperv"'],
  [{ t: `a@sha256:${'0'.repeat(64)}` }, 'build tag cannot contain a digest'],
])('%j is refused', (parameters, message) => {
  expect(() => read(parameters)).toThrow(message);
});
