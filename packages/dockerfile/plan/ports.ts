import { BerthError } from '@berth/kit';

const MOST = 65_535;

/** `80`, `80/UDP`, `8000-8002` → `80/tcp`, `80/udp`, `8000/tcp` … An address and a port of the host before it are dropped. */
export function parsePorts(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const slash = word.lastIndexOf('/');
    const protocol = slash === -1 ? 'tcp' : word.slice(slash + 1).toLowerCase() || 'tcp';
    const range = (slash === -1 ? word : word.slice(0, slash)).split(':').at(-1) ?? '';
    if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') {
      throw new BerthError('invalid', `invalid proto: ${word.slice(slash + 1)}`);
    }
    const [first, last = first, more] = range.split('-');
    if (range === '') throw new BerthError('invalid', `no port specified: ${word}<empty>`);
    const [from, to] = [portOf(first), portOf(last)];
    if (from === undefined || to === undefined || more !== undefined || to < from) {
      throw new BerthError('invalid', `invalid containerPort: ${range}`);
    }
    return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}/${protocol}`);
  });
}

function portOf(text: string | undefined): number | undefined {
  const port = /^\d{1,5}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return port <= MOST ? port : undefined;
}
