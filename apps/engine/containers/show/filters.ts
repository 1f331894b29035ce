import { matchesLabels, parseTimestamp, unknownFilter } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { patternMatcher } from '../../filters/pattern.ts';
import type { ContainerRecord } from '../model.ts';
import { expandPorts } from '../parse/parse-ports.ts';
import type { Filters } from '../service.ts';
import type { StaticSummary } from './summary.ts';
import { networksOf } from './summary-network.ts';

/** Whether a container is listed. */
export type Predicate = (record: ContainerRecord, summary: StaticSummary) => boolean;

/** What filters ask of the rest of the engine. */
export interface FilterLookups {
  /** All that will be looked at. */
  records(): Iterable<ContainerRecord>;
  /** Errors: not-found. */
  container(reference: string): ContainerRecord;
  /** `none` where nothing was ever checked. */
  health(record: ContainerRecord): string;
  /** The id of a network; undefined where there is none of that name. */
  networkId(name: string): string | undefined;
  /** Whether the image that `reference` names is this container's image, or one that its image was built on. */
  isAncestor(reference: string, record: ContainerRecord): boolean;
}

const STATUSES = ['created', 'running', 'paused', 'restarting', 'exited', 'removing', 'dead'];
const HEALTH = ['none', 'starting', 'healthy', 'unhealthy'];

type Compile = (values: string[], lookups: FilterLookups) => Predicate;

/** Several values of one filter: one is enough, except for labels; several filters: all must hold. */
const FILTERS: Record<string, Compile> = {
  ancestor:
    (values, { isAncestor }) =>
    (record) =>
      values.some((value) => isAncestor(value, record)),
  before: (values, { container }) => {
    const limit = Math.min(...values.map((value) => container(value).createdAt));
    return (record) => record.createdAt < limit;
  },
  since: (values, { container }) => {
    const limit = Math.max(...values.map((value) => container(value).createdAt));
    return (record) => record.createdAt > limit;
  },
  exited: (values) => {
    const codes = new Set(values.map((value) => exitCodeOf(value)));
    return ({ state }) => 'exitCode' in state && state.status !== 'created' && codes.has(state.exitCode);
  },
  expose: (values) => {
    const wanted = portSet('expose', values);
    return (_, { Ports }) => Ports.some((port) => wanted.has(`${port.PrivatePort}/${port.Type}`));
  },
  publish: (values) => {
    const wanted = portSet('publish', values);
    return (_, { Ports }) => Ports.some((port) => wanted.has(`${port.PublicPort}/${port.Type}`));
  },
  health: (values, { health }) => {
    const odd = values.find((value) => !HEALTH.includes(value));
    if (odd !== undefined) throw new BerthError('invalid', `Unrecognised filter value for health: ${odd}`);
    return (record) => values.includes(health(record));
  },
  id: (values, { records }) => {
    const matchers = values.map((value) => patternMatcher(value, () => [...records()].map(({ id }) => id)));
    return ({ id }) => matchers.some((matches) => matches(id));
  },
  'is-task': (values) => {
    const [value = ''] = values;
    if (values.length !== 1 || !/^(true|false|1|0)$/i.test(value)) throw wrong('is-task', `[${values.join(' ')}]`);
    return () => /^(false|0)$/i.test(value);
  },
  label: (values) => (record) => matchesLabels(record.spec.config.Labels, values),
  name: (values, { records }) => {
    // Docker knows names with a slash before them, and people write both.
    const forms = () => [...records()].flatMap(({ name }) => [name, `/${name}`]);
    const matchers = values.map((value) => patternMatcher(value, forms));
    return ({ name }) => matchers.some((matches) => matches(name) || matches(`/${name}`));
  },
  network:
    (values, { networkId }) =>
    (record) =>
      // Those that inspect shows: what it is in now, or will be in when it runs; its mode may be none of them by now.
      Object.keys(networksOf(record)).some((name) => {
        const id = networkId(name) ?? '';
        return values.some((value) => value === name || (value !== '' && id.startsWith(value)));
      }),
  status: (values) => {
    oneOf('status', values, STATUSES);
    return ({ state }) => values.includes(state.status);
  },
  volume:
    (values) =>
    (_, { Mounts }) =>
      Mounts.some(({ Name, Source, Destination }) =>
        values.some((value) => value === (Name ?? Source) || value === Destination),
      ),
};

/** Errors: invalid (`invalid filter 'x'`), not-found (container of before and since). */
export function compileFilters(filters: Filters, lookups: FilterLookups): Predicate {
  const unknown = unknownFilter(filters, Object.keys(FILTERS));
  if (unknown !== undefined) throw new BerthError('invalid', `invalid filter '${unknown}'`);
  const predicates = Object.entries(filters)
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => FILTERS[name]!(values, lookups));
  return (record, summary) => predicates.every((holds) => holds(record, summary));
}

/**
 * The filters of prune: `label`, `label!`, `until`.
 * Errors: invalid (`until` that is no time; the caller refuses other names).
 */
export function pruneFilter(filters: Filters, now: number = Date.now()): (record: ContainerRecord) => boolean {
  const { label, until = [], 'label!': unwanted = [] } = filters;
  if (until.length > 1) throw new BerthError('invalid', 'more than one until filter specified');
  const limit = until[0] === undefined ? undefined : untilOf(until[0], now);
  return ({ createdAt, spec: { config } }) => {
    if (limit !== undefined && createdAt >= limit) return false;
    if (unwanted.length > 0 && matchesLabels(config.Labels, unwanted)) return false;
    return matchesLabels(config.Labels, label);
  };
}

const MILLISECONDS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds since the epoch of `10m` (that long ago), `1700000000`, or a date. */
function untilOf(text: string, now: number): number {
  if (/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) {
    const parts = text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g);
    return now - [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * MILLISECONDS[unit!]!, 0);
  }
  const nanoseconds = parseTimestamp(text);
  if (nanoseconds !== undefined) return Number(nanoseconds / 1_000_000n);
  // Without a zone the time is the engine's own.
  const local = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/.test(text)
    ? new Date(text.length === 10 ? `${text}T00:00` : text)
    : undefined;
  if (local === undefined || Number.isNaN(local.getTime()))
    throw new BerthError('invalid', `failed to parse value as time or duration: "${text}"`);
  return local.getTime();
}

function exitCodeOf(value: string): number {
  if (!/^-?\d{1,9}$/.test(value)) throw wrong('exited', value);
  return Number(value);
}

function portSet(filter: string, values: string[]): Set<string> {
  try {
    return new Set(expandPorts(values).map(({ port, protocol }) => `${port}/${protocol}`));
  } catch (cause) {
    throw wrong(filter, values.join(','), cause);
  }
}

function oneOf(filter: string, values: string[], allowed: string[]): void {
  const odd = values.find((value) => !allowed.includes(value));
  if (odd !== undefined) throw wrong(filter, odd);
}

function wrong(filter: string, value: string, cause?: unknown): BerthError {
  return new BerthError('invalid', `invalid filter '${filter}=${value}'`, cause === undefined ? {} : { cause });
}
