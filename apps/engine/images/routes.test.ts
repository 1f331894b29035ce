import { expect, test } from 'vitest';
import type { ApiRequest } from '../api/http.ts';
import { listFiltersOf, platformsOf, withMadeFrom } from './routes.ts';

/** As much of a request as the queries of images read. */
const request = (version: string, query: string, headers: ApiRequest['headers'] = {}): ApiRequest => {
  const parameters = new URLSearchParams(query);
  return {
    ...{ method: 'GET', version, headers, upgrade: false },
    param: () => '',
    query: (name) => parameters.get(name) ?? '',
    queryAll: (name) => parameters.getAll(name),
    hasQuery: (name) => parameters.has(name),
    json: async () => undefined,
    body: (async function* () {})(),
    signal: new AbortController().signal,
  };
};

test.each([
  ['1.40', 'filter=busybox', { reference: ['busybox'] }],
  ['1.40', 'filter=busybox&filters={"dangling":["true"]}', { dangling: ['true'], reference: ['busybox'] }],
  ['1.40', '', {}],
  ['1.41', 'filter=busybox', {}],
])('filters of a list, version %s: %s', (version, query, filters) => {
  expect(listFiltersOf(request(version, query))).toEqual(filters);
});

test.each([
  ['', []],
  ['platform=linux/arm64', ['linux/arm64']],
  ['platforms=linux/arm64&platforms=linux/s390x', ['linux/arm64', 'linux/s390x']],
])('platforms of a request: %s', (query, platforms) => {
  expect(platformsOf(request('1.49', query))).toEqual(platforms);
});

test('of which container an image was made is told to clients that read it', () => {
  const Config = { Volumes: { '/data': {} }, Cmd: ['x'] };
  const composeV1 = { 'user-agent': 'docker-compose/1.29.2 docker-py/5.0.3 Linux/6.18' };
  for (const one of [request('1.40', ''), request('1.44', ''), request('1.50', '', composeV1)])
    expect(withMadeFrom(one, { Config }, Config)).toMatchObject({
      Config,
      Container: '',
      ContainerConfig: { ...Config, Hostname: '', Image: '', Tty: false },
    });
  const composeV2 = { 'user-agent': 'docker-compose/2.36.0' };
  for (const one of [request('1.45', ''), request('1.50', '', composeV2)])
    expect(withMadeFrom(one, { Config }, Config)).toEqual({ Config });
});
