import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, digestOf } from '../../support/registry-calls.ts';
import { type RegistryHere, startRegistryHere } from '../../support/registry-in-process.ts';

/** OCI distribution specification 1.1, "API"; the numbers are explained in conformance-1-pull.test.ts. */
describe('5 API', () => {
  let registry: RegistryHere;
  const send = (method: string, path: string) => call(registry.url, method, path);

  beforeAll(async () => {
    registry = await startRegistryHere();
  });
  afterAll(() => registry?.close());

  it.each(['/v2/', '/v2'])('5.1 Determining support (end-1): GET %s is 200', async (path) => {
    const answer = await send('GET', path);
    expect([answer.status, answer.json()]).toEqual([200, {}]);
    expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
    expect((await send('HEAD', path)).status).toBe(200);
  });

  it('5.2 Error Codes: JSON with errors of code and message', async () => {
    const answer = await send('GET', '/v2/a/manifests/missing');
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.json()).toEqual({
      errors: [
        {
          code: 'MANIFEST_UNKNOWN',
          message: 'a has no manifest missing',
          detail: { name: 'a', reference: 'missing' },
        },
      ],
    });
  });

  it.each(['UPPER', 'a//b', '-a', 'a-', 'a/', 'a..b', '../etc', 'a/../b', '_a', 'a b', 'ä', 'a'.repeat(256), '%2e%2e'])(
    '5.2 %j is no repository name: 400 (code-8)',
    async (name) => {
      const path = `/v2/${name.includes('%') ? name : encodeURI(name)}/tags/list`;
      const answer = await send('GET', path);
      expect([answer.status, answer.codes()]).toEqual([400, ['NAME_INVALID']]);
    },
  );

  it.each(['a', 'a/b/c/d/e', 'a-b_c.d', 'a__b', 'a--b', '0', 'blobs/uploads', 'tags/list', `a${'/b'.repeat(127)}`])(
    '5.2 %j is a repository name',
    async (name) => {
      const digest = digestOf(name);
      const pushed = await call(registry.url, 'POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: name });
      expect(pushed.status).toBe(201);
      expect((await send('GET', `/v2/${name}/blobs/${digest}`)).body.toString()).toBe(name);
      expect((await send('GET', `/v2/${name}/tags/list`)).json()).toEqual({ name, tags: [] });
    },
  );

  it.each([
    ['PUT', '/v2/'],
    ['POST', '/v2/_catalog'],
    ['POST', '/v2/a/tags/list'],
    ['PUT', `/v2/a/blobs/${digestOf('')}`],
    ['PATCH', '/v2/a/manifests/x'],
    ['PUT', '/v2/a/blobs/uploads/'],
    ['POST', `/v2/a/referrers/${digestOf('')}`],
    ['OPTIONS', '/v2/a/manifests/x'],
  ])('5.2 %s %s: 405 with Allow (code-14)', async (method, path) => {
    const answer = await send(method, path);
    expect([answer.status, answer.codes()]).toEqual([405, ['UNSUPPORTED']]);
    expect(answer.headers.allow).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
  });

  it.each(['/', '/v1/', '/v2/a', '/v2/a/b', '/v2/a/tags', '/v2/a/blobs', '/v3/a/tags/list', '/v2/a/tags/list/x'])(
    '5.2 %s: 404',
    async (path) => {
      expect((await send('GET', path)).status).toBe(404);
    },
  );

  it('5.2 a path that is not well encoded: 400', async () => {
    expect((await send('GET', '/v2/%ff/tags/list')).codes()).toEqual(['NAME_INVALID']);
  });
});
