import { Readable } from 'node:stream';
import type { Transport } from '@berth/oci';
import { expect, test } from 'vitest';
import { search } from './search.ts';

test('a name and a password go to the index that is asked, and nothing without them', async () => {
  const asked: Parameters<Transport['send']>[0][] = [];
  const transport: Transport = {
    send: async (request) => {
      asked.push(request);
      const body = Readable.from([Buffer.from('{"results":[]}')]);
      return { status: 200, statusText: '200 OK', headers: {}, body, url: request.url };
    },
    close: () => {},
  };
  const { signal } = new AbortController();
  const options = { limit: 0, filters: {} };
  await search(transport, 'registry.test/app', { ...options, auth: { username: 'me', password: 'pw' } }, signal);
  await search(transport, 'registry.test/app', { ...options, auth: { identityToken: 't' } }, signal);
  expect(asked.map(({ url, headers }) => [url.host, headers])).toEqual([
    ['registry.test', { authorization: `Basic ${Buffer.from('me:pw').toString('base64')}` }],
    ['registry.test', {}],
  ]);
});
