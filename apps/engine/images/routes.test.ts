import { expect, test } from 'vitest';
import type { ApiRequest } from '../api/http.ts';
import type { Images } from './index.ts';
import { checkPlatform, listFiltersOf } from './routes.ts';

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
  ['', undefined],
  ['platform=linux/arm64', undefined],
  ['platform={"os":"linux","architecture":"arm64"}', undefined],
  ['platforms=linux/arm64&platforms=linux/aarch64', undefined],
  [
    'platforms=linux/s390x',
    'image with reference a:1 was found but does not provide the specified platform (linux/s390x)',
  ],
  ['platform=a/b/c/d', '"a/b/c/d": unknown operating system or architecture: invalid argument'],
])('the platform of a local image: %s', (query, refusal) => {
  const config = { os: 'linux', architecture: 'arm64', rootfs: { type: 'layers', diff_ids: [] } };
  const images = { resolve: () => ({ config }) as unknown as ReturnType<Images['resolve']> };
  const check = () => checkPlatform(images, request('1.49', query), ['a:1']);
  if (refusal === undefined) check();
  else expect(check).toThrow(refusal);
});
