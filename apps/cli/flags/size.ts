const POWER: Record<string, number> = { k: 1, m: 2, g: 3, t: 4, p: 5 };

/** `64m`, `1.5GiB`, `512` to bytes, in powers of 1024 as Docker's memory flags have it; `-1` is not a size. */
export function parseSize(text: string): number {
  const bad = () => new Error(`invalid size: '${text}'`);
  const last = text.search(/[0-9. ][^0-9. ]*$/);
  if (last < 0) throw bad();
  const amount = text.slice(0, text[last] === ' ' ? last : last + 1);
  const suffix = text.slice(last + 1).toLowerCase();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(amount))
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(amount)}: invalid syntax`);
  if (amount.startsWith('-')) throw bad();
  const match = /^(?:b?|([kmgtp])(?:i?b)?)$/.exec(suffix);
  if (!match) throw new Error(`invalid suffix: '${suffix}'`);
  return Math.trunc(Number(amount) * 1024 ** (match[1] ? (POWER[match[1]] ?? 0) : 0));
}
