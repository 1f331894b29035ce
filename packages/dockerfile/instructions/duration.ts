const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Go's duration (`1h30m`, `1.5s`, `-2ms`, `0`) in nanoseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^([+-]?)(.*)$/s.exec(text);
  const rest = match?.[2] ?? '';
  const sign = match?.[1] === '-' ? -1 : 1;
  if (rest === '0') return 0;
  if (rest === '' || rest.length > 100) return undefined;
  let total = 0;
  let end = 0;
  for (const part of rest.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    if (part.index !== end) return undefined;
    end += part[0].length;
    total += Number(part[1]) * (NANOSECONDS[part[2] ?? ''] ?? Number.NaN);
  }
  return end === rest.length && Number.isFinite(total) ? sign * Math.round(total) : undefined;
}
