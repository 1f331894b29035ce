import { expect, test } from 'vitest';
import type { ApiRequest } from '../api/http.ts';
import { listFiltersOf, platformsOf } from './routes.ts';

/** As much of a request as the queries of images read. */
const request = (version: string, query: string): ApiRequest => {
  const parameters = new URLSearchParams(query);
  return {
    ...{ method: 'GET', version, headers: {}, upgrade: false },
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
