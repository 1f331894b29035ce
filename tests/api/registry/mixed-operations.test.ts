import http from 'node:http';
import { expect, it } from 'vitest';
import { call } from '../../support/registry-calls.ts';
import { contentFiles, type RegistryHere, startRegistryHere } from '../../support/registry-in-process.ts';
import { type Counts, Worker } from '../../support/registry-worker.ts';

/** One request each; BERTH_REGISTRY_OPERATIONS sets another number. */
const OPERATIONS = Number(process.env['BERTH_REGISTRY_OPERATIONS'] ?? 24_000);
const WORKERS = 24;
/** Short, so that collections find something to remove while it is pushed again. */
const GRACE_MS = 4_000;

it(`${OPERATIONS} pushes, pulls, deletes and collections at once: no valid read or push fails, no unreferenced byte is left`, async () => {
  await using registry = await startRegistryHere({
    gc: { interval: '0', grace: `${GRACE_MS}ms` },
    retention: { interval: '0', rules: [{ repositories: ['swept'], untaggedAfter: '0' }] },
  });
  const agent = new http.Agent({ keepAlive: true, maxSockets: WORKERS });
  const counts: Counts = { push: 0, pull: 0, delete: 0 };
  const done = () => counts.push + counts.pull + counts.delete >= OPERATIONS;
  const cleaning = cleanUntil(registry, done);
  await Promise.all(
    Array.from({ length: WORKERS }, async (_, id) => {
      const worker = new Worker(registry.url, id, agent, GRACE_MS, counts);
      while (!done()) await worker.act();
    }),
  );
  const cleaned = await cleaning;
  agent.destroy();
  expect(registry.log).toEqual([]);
  // It did find something, at different times.
  expect(cleaned).toMatchObject({ runs: expect.toSatisfy((n) => n > 1), removed: expect.toSatisfy((n) => n > 0) });
  await registry.registry.collect({ dryRun: false, graceMs: 0, uploadMs: 0 });
  expect(await unreferenced(registry)).toEqual([]);
  console.info({ ...counts, ...cleaned });
}, 900_000);

/** Retention and collection, one after the other, without a pause. */
async function cleanUntil({ registry }: RegistryHere, done: () => boolean) {
  const cleaned = { runs: 0, removed: 0, manifests: 0 };
  while (!done()) {
    cleaned.manifests += (await registry.retain({ dryRun: false })).manifests.length;
    cleaned.removed += (await registry.collect({ dryRun: false })).removed;
    cleaned.runs++;
  }
  return cleaned;
}

/** Files of content that nothing points at any more, by what the registry itself answers. */
async function unreferenced({ root, url }: RegistryHere): Promise<string[]> {
  const needed = new Set<string>();
  const files = [...contentFiles(root).keys()];
  const { repositories } = (await call(url, 'GET', '/v2/_catalog')).json() as { repositories: string[] };
  for (const name of repositories) {
    for (const [, algorithm, hex] of files.flatMap((file) => [...file.matchAll(manifestsOf(name))])) {
      const answer = await call(url, 'GET', `/v2/${name}/manifests/${algorithm}:${hex}`);
      expect(answer.status).toBe(200);
      const { config, layers } = answer.json() as { config: { digest: string }; layers: { digest: string }[] };
      needed.add(hex!);
      for (const { digest } of [config, ...layers]) {
        needed.add(digest.slice(7)).add(`${name} ${digest.slice(7)}`);
        expect((await call(url, 'GET', `/v2/${name}/blobs/${digest}`)).status).toBe(200);
      }
    }
  }
  return files.filter((file) => {
    const [, bytes] = /^blobs\/\w+\/\w\w\/(\w+)$/.exec(file) ?? [];
    const [, name, link] = /^repositories\/(.+)\/_blobs\/\w+-(\w+)$/.exec(file) ?? [];
    if (bytes !== undefined) return !needed.has(bytes);
    return link === undefined ? !/\/_(manifests|tags)\//.test(file) : !needed.has(`${name} ${link}`);
  });
}

const manifestsOf = (name: string) => new RegExp(`^repositories/${name}/_manifests/(\\w+)-(\\w+)$`, 'g');
