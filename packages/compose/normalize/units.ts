import { failAt, type Node, valueText } from '../load/node.ts';

const SIZE = /^(\d+(?:\.\d+)?) ?([kmgtp])?i?b?$/i;
const POWERS = 'kmgtp';

/** Bytes of `512`, `64m`, `1.5gb`; multiples of 1024. Throws at the node's place. */
export function sizeOf(node: Node, what: string): number {
  const text = node.kind === 'scalar' ? valueText(node.value) : '';
  if (text === '-1') return -1;
  const [whole, digits = '', letter] = SIZE.exec(text) ?? [];
  if (whole === undefined)
    throw failAt(
      node.source,
      `${what}: invalid size: '${text}'`,
      'Accepted are bytes, or a number with b, k, m, g, t or p: 512m, 1.5g.',
    );
  const power = letter ? POWERS.indexOf(letter.toLowerCase()) + 1 : 0;
  return Math.floor(Number(digits) * 1024 ** power);
}

const NANOSECONDS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 24 * 3600e9,
  w: 7 * 24 * 3600e9,
};

/** Nanoseconds of `1m30s`; undefined when it is no duration. */
export function durationOf(text: string): number | undefined {
  if (/^[-+]?0$/.test(text)) return 0;
  const [, sign = '', body = ''] = /^([-+]?)((?:\d+(?:\.\d*)?(?:ns|us|µs|ms|[smhdw]))+)$/.exec(text) ?? [];
  if (body === '') return undefined;
  let total = 0;
  for (const [, number = '', unit = ''] of body.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|[smhdw])/g))
    total += Number(number) * (NANOSECONDS[unit] ?? 0);
  return Math.round(sign === '-' ? -total : total);
}

/** As Go prints a duration: `1m30s`, `1h0m0s`, `500ms`. */
export function durationText(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 0) return `-${durationText(-nanoseconds)}`;
  if (nanoseconds < 1e3) return `${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${nanoseconds / 1e3}µs`;
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`;
  const hours = Math.floor(nanoseconds / 3600e9);
  const minutes = Math.floor((nanoseconds % 3600e9) / 60e9);
  const seconds = Number(((nanoseconds % 60e9) / 1e9).toFixed(9));
  return `${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${seconds}s`;
}
