import type { Ulimit } from '@berth/contract';
import { convertScalar } from '../../../flags/convert.ts';

const NAMES = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' '),
);

/** `nofile=1024` or `nofile=1024:2048`; throws pflag's reason. */
export function readUlimit(text: string): Ulimit {
  const [name = '', ...rest] = text.split('=');
  const value = rest.join('=');
  if (!text.includes('=')) throw new Error(`invalid ulimit argument: ${text}`);
  if (!NAMES.has(name)) throw new Error(`invalid ulimit type: ${name}`);
  const limits = value.split(':');
  if (limits.length > 2)
    throw new Error(`too many limit value arguments - ${value}, can only have up to two, \`soft[:hard]\``);
  const [soft = 0, hard = soft] = limits.map((limit) => Number(convertScalar('int', limit)));
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    const values = soft === -1 ? `soft: -1 (unlimited), hard: ${hard}` : `${soft} > ${hard}`;
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${values}`);
  }
  return { Name: name, Soft: soft, Hard: hard };
}

/** All of them by name; of two with the same name the later one counts. */
export function readUlimits(texts: readonly string[]): Ulimit[] {
  const byName = new Map(texts.map(readUlimit).map((limit) => [limit.Name, limit]));
  return [...byName.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1));
}
