import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';

/**
 * The host's name servers, as its resolv.conf says now: the file is looked at again whenever it was replaced or
 * written. Addresses on the host's loopback count, for it is the host that asks.
 */
export class HostServers {
  readonly #path: string;
  #seen = '';
  #looked = Number.NEGATIVE_INFINITY;
  #servers: string[] = FALLBACK;

  constructor(path = '/etc/resolv.conf') {
    this.#path = path;
  }

  now(): readonly string[] {
    const moment = performance.now();
    if (moment - this.#looked < LOOK_EVERY_MS) return this.#servers;
    this.#looked = moment;
    const mark = markOf(this.#path);
    if (mark === this.#seen) return this.#servers;
    this.#seen = mark;
    this.#servers = read(this.#path);
    return this.#servers;
  }
}

function markOf(path: string): string {
  try {
    const { ino, dev, mtimeMs, ctimeMs, size } = statSync(path);
    return `${dev}:${ino}:${mtimeMs}:${ctimeMs}:${size}`;
  } catch {
    return 'missing';
  }
}

function read(path: string): string[] {
  try {
    const text = readFileSync(path, 'utf8');
    const servers = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, server]) => server!.replace(/%.*$/, ''));
    const usable = servers.filter((server) => isIP(server) !== 0);
    return usable.length > 0 ? usable : FALLBACK;
  } catch {
    return FALLBACK;
  }
}

const LOOK_EVERY_MS = 100;
/** As for containers without a resolver, and as with Docker: Google's. */
const FALLBACK = ['8.8.8.8', '8.8.4.4'];
