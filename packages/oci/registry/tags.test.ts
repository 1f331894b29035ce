import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../../../tests/support/registry-fake.ts';
import { createSession } from './session.ts';
import { listTags } from './tags.ts';
import { createTransport, type Transport } from './transport.ts';

let registry: FakeRegistry;
let transport: Transport;
beforeEach(async () => {
  registry = await startFakeRegistry();
  transport = createTransport({ env: {} });
});
afterEach(async () => {
  transport.close();
  await registry.close();
});

const session = () => createSession({ domain: registry.domain, transport });

describe('tags', () => {
  it('come page by page, and a registry without an end is left', async () => {
    let page = 0;
    registry.intercept = (request, response) => {
      if (!request.url?.includes('/tags/list')) return false;
      page++;
      const headers = page % 3 === 0 ? {} : { link: `</v2/a/b/tags/list?last=${page}>; rel="next"` };
      response.writeHead(200, headers).end(JSON.stringify({ tags: [`t${page}`] }));
      return true;
    };
    expect(await listTags(session(), 'a/b')).toEqual(['t1', 't2', 't3']);
    registry.intercept = (request, response) => {
      if (!request.url?.includes('/tags/list')) return false;
      response.writeHead(200, { link: '</v2/a/b/tags/list>; rel="next"' }).end('{"tags":[]}');
      return true;
    };
    await expect(listTags(session(), 'a/b')).rejects.toThrow(/too many tags/);
  });

  it('have to be tags', async () => {
    registry.intercept = (_request, response) => response.end('{"tags":["../../x"]}') !== undefined;
    await expect(listTags(session(), 'a/b')).rejects.toThrow(/invalid tag format/);
  });
});
