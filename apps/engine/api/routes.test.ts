import { expect, test } from 'vitest';
import { type ApiServices, createRoutes } from './index.ts';

/** Services that must not be touched while the table is made. */
const untouched = new Proxy({} as never, {
  get: (_target, member) => {
    throw new Error(`the table touched ${String(member)}`);
  },
});
const services: ApiServices = {
  containers: untouched,
  images: untouched,
  transfers: untouched,
  networks: untouched,
  volumes: untouched,
  builds: untouched,
  events: untouched,
  system: untouched,
  buildInputs: untouched,
};
const routes = createRoutes(services);

test('no two routes are the same', () => {
  const seen = routes.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`);
  expect(seen.filter((endpoint, index) => seen.indexOf(endpoint) !== index)).toEqual([]);
});

test('every route has a noun and a verb for the audit', () => {
  expect(routes.map(({ name }) => name).filter((name) => !/^[a-z]+\.[a-zA-Z]+$/.test(name))).toEqual([]);
});

test('nothing that changes something counts as reading', () => {
  const waits = new Set(['container.wait']);
  const reading = routes.filter(
    ({ permission, method, name }) =>
      permission === 'read' && method !== 'GET' && method !== 'HEAD' && !waits.has(name),
  );
  expect(reading.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});

test('what can reach the host needs the highest permission', () => {
  const admin = routes.filter(({ permission }) => permission === 'admin').map(({ name }) => name);
  expect(admin).toEqual([
    'container.create',
    'container.update',
    'container.copyOut',
    'container.copyIn',
    'container.export',
    'exec.create',
    'exec.start',
    'volume.create',
    'volume.backup',
    'volume.restore',
    'volume.files',
    'volume.cat',
    'build.start',
  ]);
});
