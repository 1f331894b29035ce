import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, fail, startFakeRegistry } from '../../../tests/support/registry-fake.ts';
import { digestOf } from '../digest.ts';
import { OCI } from '../media-types.ts';
import { fetchManifest, putManifest, resolveManifest } from './manifests.ts';
import { createSession } from './session.ts';
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

describe('manifests', () => {
  it('are checked against the digest asked for and the one announced', async () => {
    const { digest } = registry.addManifest('a/b', 'latest', OCI.manifest, { schemaVersion: 2 });
    expect((await fetchManifest(session(), 'a/b', digest)).digest).toBe(digest);
    registry.manifests.set(`a/b@${digest}`, { mediaType: OCI.manifest, bytes: Buffer.from('{"schemaVersion": 2}') });
    await expect(fetchManifest(session(), 'a/b', digest)).rejects.toThrow(/manifest verification failed for digest/);
    registry.intercept = (request, response) => {
      if (!request.url?.includes('/manifests/')) return false;
      response
        .writeHead(200, { 'docker-content-digest': digestOf('something else'), 'content-type': OCI.manifest })
        .end('{}');
      return true;
    };
    await expect(fetchManifest(session(), 'a/b', 'latest')).rejects.toThrow(/manifest verification failed/);
  });

  it('are bounded', async () => {
    registry.intercept = (request, response) => {
      if (!request.url?.includes('/manifests/')) return false;
      response.writeHead(200, { 'content-type': OCI.manifest });
      const more = () => response.destroyed || response.write(' '.repeat(100_000), () => setImmediate(more));
      more();
      return true;
    };
    await expect(fetchManifest(session(), 'a/b', 'latest')).rejects.toThrow(/larger than 4194304 bytes/);
  });

  it('that are missing are named in the registry’s words, or in the specification’s where it has none', async () => {
    await expect(fetchManifest(session(), 'a/b', 'x')).rejects.toMatchObject({
      code: 'not-found',
      message: 'manifest unknown: manifest unknown',
    });
    await expect(resolveManifest(session(), 'a/b', 'x')).rejects.toThrow('manifest unknown: manifest unknown');
    registry.intercept = (request, response) => {
      if (request.url === '/v2/') return false;
      fail(response, 403, 'DENIED', 'requested\u001b[31m access\nis denied');
      return true;
    };
    await expect(fetchManifest(session(), 'a/b', 'x')).rejects.toMatchObject({
      code: 'forbidden',
      message: 'denied: requested [31m access is denied',
    });
  });

  it('are stored as they are', async () => {
    const bytes = Buffer.from('{ "schemaVersion": 2 }');
    await putManifest(session(), 'a/b', 'v1', { mediaType: OCI.manifest, bytes });
    expect((await fetchManifest(session(), 'a/b', 'v1')).bytes.equals(bytes)).toBe(true);
  });
});
