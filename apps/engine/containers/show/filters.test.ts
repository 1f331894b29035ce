import { describe, expect, test } from 'vitest';
import { patternMatcher } from '../../filters/pattern.ts';
import type { Filters } from '../service.ts';
import { compileFilters, pruneFilter } from './filters.ts';
import { staticSummary } from './summary.ts';
import { exited, running, SAMPLE_SANDBOX, SAMPLE_VOLUMES, sampleRecord } from './summary-sample.ts';

const NOW = Date.UTC(2026, 0, 2);
const RECORDS = [
  sampleRecord(1, {
    name: 'web',
    state: running(NOW),
    sandbox: SAMPLE_SANDBOX,
    body: { ExposedPorts: { '53/udp': {} }, Labels: { a: '1', b: '2' } },
  }),
  sampleRecord(2, {
    name: 'web-old',
    state: exited(137, NOW),
    body: { Labels: { a: '2' }, HostConfig: { Binds: ['/src:/dst'] } },
  }),
  sampleRecord(3, { name: 'job', state: exited(0, NOW), body: { HostConfig: { NetworkMode: 'none' } } }),
  sampleRecord(4, { name: 'new' }),
];
const LOOKUPS = {
  records: () => RECORDS,
  container: (reference: string) => {
    const found = RECORDS.find(({ name }) => name === reference);
    if (!found) throw new Error(`No such container: ${reference}`);
    return found;
  },
  health: ({ name }: { name: string }) => (name === 'web' ? 'healthy' : 'none'),
  networkId: (name: string) => ({ bridge: 'b'.repeat(64), own: 'c'.repeat(64) })[name],
  isAncestor: (reference: string, record: { name: string }) => reference === 'img' && record.name === 'job',
};

function names(filters: Filters): string[] {
  const holds = compileFilters(filters, LOOKUPS);
  return RECORDS.filter((record) => holds(record, staticSummary(record, SAMPLE_VOLUMES))).map(({ name }) => name);
}

test.each<[Filters, string[]]>([
  [{}, ['web', 'web-old', 'job', 'new']],
  [{ name: [] }, ['web', 'web-old', 'job', 'new']],
  [{ name: ['web'] }, ['web', 'web-old']],
  [{ name: ['^web$'] }, ['web']],
  [{ name: ['^/web$'] }, ['web']],
  [{ name: ['^(job|new)$'] }, ['job', 'new']],
  [{ name: ['(?i)^JOB'] }, ['job']],
  [{ name: ['['] }, []],
  [{ name: ['web', 'job'], status: ['exited'] }, ['web-old', 'job']],
  [{ id: ['0003'] }, ['job']],
  [{ status: ['created', 'running'] }, ['web', 'new']],
  [{ exited: ['0'] }, ['job']],
  [{ exited: ['0', '137'] }, ['web-old', 'job']],
  [{ label: ['a'] }, ['web', 'web-old']],
  [{ label: ['a=2'] }, ['web-old']],
  [{ label: ['a=1', 'b'] }, ['web']],
  [{ before: ['job'] }, ['web', 'web-old']],
  [{ since: ['web-old'] }, ['job', 'new']],
  [{ since: ['web'], before: ['new'] }, ['web-old', 'job']],
  [{ ancestor: ['img'] }, ['job']],
  [{ network: ['bridge'] }, ['web', 'web-old', 'new']],
  [{ network: ['none'] }, ['job']],
  [{ network: ['b'.repeat(64)] }, ['web', 'web-old', 'new']],
  [{ network: ['b'.repeat(5)] }, ['web', 'web-old', 'new']],
  [{ network: [''] }, []],
  [{ volume: ['/dst'] }, ['web-old']],
  [{ volume: ['/src'] }, ['web-old']],
  [{ publish: ['8080'] }, ['web']],
  [{ publish: ['8000-8100/tcp'] }, ['web']],
  [{ publish: ['80'] }, []],
  [{ expose: ['53/udp'] }, ['web']],
  [{ expose: ['80'] }, ['web']],
  [{ health: ['none'] }, ['web-old', 'job', 'new']],
  [{ health: ['healthy'] }, ['web']],
  [{ health: ['none', 'healthy'] }, ['web', 'web-old', 'job', 'new']],
  [{ health: ['unhealthy'] }, []],
  [{ 'is-task': ['true'] }, []],
  [{ 'is-task': ['false'] }, ['web', 'web-old', 'job', 'new']],
])('%j', (filters, expected) => {
  expect(names(filters)).toEqual(expected);
});

test('network: by the networks that a container is in or will be in, not by its mode', () => {
  const left = sampleRecord(5, { name: 'left', state: exited(0, NOW) });
  left.spec.networksChosen = true;
  const moved = sampleRecord(6, { name: 'moved', body: { NetworkingConfig: { EndpointsConfig: { own: {} } } } });
  const found = (network: string) => {
    const holds = compileFilters({ network: [network] }, LOOKUPS);
    return [left, moved]
      .filter((record) => holds(record, staticSummary(record, SAMPLE_VOLUMES)))
      .map(({ name }) => name);
  };
  expect([found('bridge'), found('own'), found('c'.repeat(12))]).toEqual([[], ['moved'], ['moved']]);
});

test.each<[Filters, string]>([
  [{ colour: ['red'] }, "invalid filter 'colour'"],
  [{ status: ['happy'] }, "invalid filter 'status=happy'"],
  [{ health: ['x'] }, 'Unrecognised filter value for health: x'],
  [{ exited: ['x'] }, "invalid filter 'exited=x'"],
  [{ 'is-task': ['x'] }, "invalid filter 'is-task=[x]'"],
  [{ publish: ['x'] }, "invalid filter 'publish=x'"],
  [{ before: ['nobody'] }, 'No such container: nobody'],
])('refuses %j', (filters, message) => {
  expect(() => names(filters)).toThrow(message);
});

test('a hostile pattern is stopped', () => {
  const start = performance.now();
  expect(() => patternMatcher('^(a+)+$', () => Array(1000).fill(`${'a'.repeat(60)}!`))).toThrow('takes too long');
  expect(performance.now() - start).toBeLessThan(2000);
  expect(() => patternMatcher(`(${'a'.repeat(2000)})`, () => [])).toThrow('too long');
});

describe('prune', () => {
  const record = sampleRecord(0, { body: { Labels: { a: '1' } } });
  const created = record.createdAt;
  test.each<[Filters, boolean]>([
    [{}, true],
    [{ label: ['a=1'] }, true],
    [{ label: ['b'] }, false],
    [{ 'label!': ['a'] }, false],
    [{ 'label!': ['b'] }, true],
    [{ until: ['10m'] }, true],
    [{ until: ['1h30m'] }, false],
    [{ until: [String(created / 1000 + 1)] }, true],
    [{ until: ['2025-12-31T23:59:59Z'] }, false],
    [{ until: ['2026-03-01'] }, true],
  ])('%j', (filters, expected) => {
    expect(pruneFilter(filters, created + 3_600_000)(record)).toBe(expected);
  });

  test('wrong times', () => {
    expect(() => pruneFilter({ until: ['soon'] })).toThrow('failed to parse value as time or duration: "soon"');
    expect(() => pruneFilter({ until: ['1m', '2m'] })).toThrow('more than one until filter specified');
  });
});
