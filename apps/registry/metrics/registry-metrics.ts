import { family, Histogram, type Labels } from '@berth/kit';

/** A request that was answered, as far as figures go. */
export interface AnsweredFacts {
  /** `manifest.get`, …; undefined for what is no part of the API. */
  endpoint: string | undefined;
  status: number;
  bytesIn: number;
  bytesOut: number;
  milliseconds: number;
}

/** How a read of a cached repository was answered. */
export type CacheResult = 'hit' | 'miss' | 'revalidated' | 'stale' | 'negative' | 'error';

/** What is stored, as it was counted last. */
export interface StoredFacts {
  bytes: number;
  objects: number;
}

/** Counts what a registry does. Names of repositories and users are no labels: there is no bound to them. */
export interface RegistryMetrics {
  answered(facts: AnsweredFacts): void;
  cache(upstream: string, kind: 'manifest' | 'blob', result: CacheResult): void;
  /** Bytes that were fetched from an upstream. */
  fetched(upstream: string, bytes: number): void;
  refused(reason: 'quota' | 'uploads' | 'pace' | 'login'): void;
  stored(facts: StoredFacts): void;
  /** The text that Prometheus reads (format 0.0.4). */
  text(): string;
}

/** Requests to no place of the API. */
const NONE = 'none';

export function createRegistryMetrics(underWay: () => number = () => 0): RegistryMetrics {
  const requests = new Counter('berth_registry_requests_total', 'Requests that were answered');
  const received = new Counter('berth_registry_received_bytes_total', 'Bytes of requests, with headers');
  const sent = new Counter('berth_registry_sent_bytes_total', 'Bytes of answers, with headers');
  const cache = new Counter('berth_registry_cache_requests_total', 'Reads of repositories that are kept of upstreams');
  const fetched = new Counter('berth_registry_upstream_bytes_total', 'Bytes that came from upstreams');
  const refused = new Counter('berth_registry_refused_total', 'What was refused because of a bound');
  const seconds = new Histogram('berth_registry_request_seconds', 'Time from request to end of answer', 'endpoint', []);
  let stored: StoredFacts | undefined;
  return {
    answered: ({ endpoint = NONE, status, bytesIn, bytesOut, milliseconds }) => {
      requests.add({ endpoint, code: String(status) }, 1);
      received.add({ endpoint }, bytesIn);
      sent.add({ endpoint }, bytesOut);
      seconds.observe(endpoint, milliseconds / 1000);
    },
    cache: (upstream, kind, result) => cache.add({ upstream, kind, result }, 1),
    fetched: (upstream, bytes) => fetched.add({ upstream }, bytes),
    refused: (reason) => refused.add({ reason }, 1),
    stored: (facts) => {
      stored = facts;
    },
    text: () =>
      [
        ...[requests, received, sent, cache, fetched, refused].map((counter) => counter.text()),
        seconds.text(),
        family('berth_registry_requests_under_way', 'gauge', 'Requests that are being answered', [
          { value: underWay() },
        ]),
        stored === undefined ? '' : storedText(stored),
        processText(),
      ].join(''),
  };
}

/** A family of counters that come to be with their first label values. */
class Counter {
  readonly #name: string;
  readonly #help: string;
  readonly #samples = new Map<string, { labels: Labels; value: number }>();

  constructor(name: string, help: string) {
    this.#name = name;
    this.#help = help;
  }

  add(labels: Labels, value: number): void {
    const key = Object.values(labels).join('\n');
    const sample = this.#samples.get(key) ?? { labels, value: 0 };
    sample.value += value;
    this.#samples.set(key, sample);
  }

  text(): string {
    return family(this.#name, 'counter', this.#help, [...this.#samples.values()]);
  }
}

function storedText({ bytes, objects }: StoredFacts): string {
  return [
    family('berth_registry_stored_bytes', 'gauge', 'Bytes of content at the last count', [{ value: bytes }]),
    family('berth_registry_stored_objects', 'gauge', 'Blobs and manifests at the last count', [{ value: objects }]),
  ].join('');
}

function processText(): string {
  const { rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const start = Date.now() / 1000 - process.uptime();
  return [
    family('process_resident_memory_bytes', 'gauge', 'Resident memory in bytes', [{ value: rss }]),
    family('process_cpu_seconds_total', 'counter', 'Processor time', [{ value: (user + system) / 1e6 }]),
    family('process_start_time_seconds', 'gauge', 'Start, in seconds since 1970', [{ value: start }]),
  ].join('');
}
