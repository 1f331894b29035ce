const NANOS: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Go's duration text (`1h15m`, `1.5s`, `-2ms`) to nanoseconds; throws in Go's words. */
export function parseDuration(text: string): number {
  const quoted = JSON.stringify(text);
  const [, sign, body] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (body === '0') return 0;
  if (!body) throw new Error(`time: invalid duration ${quoted}`);
  let rest = body;
  let total = 0;
  while (rest !== '') {
    const part = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest);
    if (!part) throw new Error(`time: invalid duration ${quoted}`);
    const [whole, amount = '', unit = ''] = part;
    if (unit === '') throw new Error(`time: missing unit in duration ${quoted}`);
    const scale = NANOS[unit];
    if (scale === undefined) throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    total += Number(amount) * scale;
    rest = rest.slice(whole.length);
  }
  return Math.trunc(sign === '-' ? -total : total);
}
