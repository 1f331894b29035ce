import { BerthError } from '@berth/kit';
import { type Credentials, connectionError, type Endpoint, endpointsOf, isObject, type Transport } from '@berth/oci';
import { domainOf } from './registry-auth.ts';

export interface SearchOptions {
  /** 1 to 100; 0: 25. */
  limit: number;
  /** Docker's filters: `stars`, `is-official`, `is-automated`. */
  filters: Record<string, string[]>;
  /** As for pulls: these, and loopback, may be without a good certificate, or without TLS. */
  insecureRegistries?: readonly string[];
  /** A name and a password are shown to the index, as Docker does; tokens are for registries. */
  auth?: Credentials;
}

/** An entry of GET /images/search. Field names are the wire's. */
export interface SearchResult {
  star_count: number;
  is_official: boolean;
  name: string;
  is_automated: boolean;
  description: string;
}

type HttpAnswer = Awaited<ReturnType<Transport['send']>>;

const LIMIT_DEFAULT = 25;
const LIMIT_MAX = 100;
const BODY_LIMIT = 4 * 1024 * 1024;
const FILTERS = new Set(['stars', 'is-official', 'is-automated']);

/** Searches the index of a registry (its v1 search), the hub's when the term names no host. Errors: invalid, unavailable. */
export async function search(
  transport: Transport,
  term: string,
  options: SearchOptions,
  signal: AbortSignal,
): Promise<SearchResult[]> {
  const limit = options.limit === 0 ? LIMIT_DEFAULT : options.limit;
  if (limit < 1 || limit > LIMIT_MAX || !Number.isInteger(limit)) {
    throw new BerthError('invalid', `limit ${limit} is outside the range of [1, ${LIMIT_MAX}]`);
  }
  const wanted = readFilters(options.filters);
  const { host, query } = splitTerm(term);
  const asking = { at: `/v1/search?${new URLSearchParams({ q: query, n: String(limit) })}`, signal };
  const endpoints = endpointsOf(host, options.insecureRegistries ?? []);
  const results = await ask(transport, endpoints, { ...asking, headers: headersOf(options.auth ?? {}) });
  return results.filter(wanted).slice(0, limit);
}

function splitTerm(term: string): { host: string; query: string } {
  if (/^\w+:\/\//.test(term)) {
    throw new BerthError('invalid', `invalid repository name: repository name (${term}) should not have a scheme`);
  }
  const slash = term.indexOf('/');
  const first = slash < 0 ? '' : term.slice(0, slash);
  const named = first === 'localhost' || /[.:]/.test(first);
  const domain = domainOf(named ? first : undefined);
  const query = named ? term.slice(slash + 1) : term;
  return { host: domain === 'docker.io' ? 'index.docker.io' : domain, query: query.replace(/^library\//, '') };
}

function readFilters(filters: Record<string, string[]>): (result: SearchResult) => boolean {
  const unknown = Object.keys(filters).find((name) => !FILTERS.has(name));
  if (unknown !== undefined) throw new BerthError('invalid', `invalid filter '${unknown}'`);
  const flag = (name: string) => {
    const value = filters[name]?.[0];
    if (value === undefined) return undefined;
    if (/^(?:1|t|true)$/i.test(value)) return true;
    if (/^(?:0|f|false)$/i.test(value)) return false;
    throw new BerthError('invalid', `invalid filter '${name}=${value}'`);
  };
  const [official, automated] = [flag('is-official'), flag('is-automated')];
  const stars = (filters['stars'] ?? []).map((value) => {
    if (!/^\d+$/.test(value)) throw new BerthError('invalid', `invalid filter 'stars=${value}'`);
    return Number(value);
  });
  return (result) =>
    (official === undefined || result.is_official === official) &&
    (automated === undefined || result.is_automated === automated) &&
    stars.every((least) => result.star_count >= least);
}

function headersOf({ username, password }: Credentials): Record<string, string> {
  if (username === undefined || password === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

interface Asking {
  at: string;
  headers: Record<string, string>;
  signal: AbortSignal;
}

/** Only a connection that fails leads to the next endpoint: what answered is never left for plain HTTP. */
async function ask(transport: Transport, endpoints: readonly Endpoint[], asking: Asking): Promise<SearchResult[]> {
  let failure: BerthError | undefined;
  for (const { url: origin, insecure } of endpoints) {
    const url = new URL(asking.at, origin);
    try {
      const answer = await transport.send({ method: 'GET', url, insecure, ...asking });
      return parseResults(await readAnswer(answer, url), url);
    } catch (cause) {
      asking.signal.throwIfAborted();
      if (cause instanceof BerthError) throw cause;
      failure = connectionError('GET', url, cause);
    }
  }
  throw failure;
}

async function readAnswer({ status, statusText, body }: HttpAnswer, url: URL): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > BODY_LIMIT)
      throw new BerthError('unavailable', `the answer of ${url.host} is larger than ${BODY_LIMIT} bytes`);
    chunks.push(chunk);
  }
  if (status !== 200) throw new BerthError('unavailable', `Unexpected status code ${statusText} from ${url.host}`);
  return Buffer.concat(chunks).toString('utf8');
}

function parseResults(text: string, url: URL): SearchResult[] {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new BerthError('unavailable', `the answer of ${url.host} is not JSON`, { cause });
  }
  const results = isObject(answer) ? answer['results'] : undefined;
  if (!Array.isArray(results)) throw new BerthError('unavailable', `the answer of ${url.host} has no results`);
  return results.filter(isObject).map((result) => ({
    star_count: Number(result['star_count'] ?? 0) || 0,
    is_official: result['is_official'] === true,
    name: String(result['name'] ?? ''),
    is_automated: result['is_automated'] === true,
    description: String(result['description'] ?? ''),
  }));
}
