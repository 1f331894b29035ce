import { resolve } from 'node:path';
import { CliError } from '../../../cli-error.ts';

/** `-v` values apart: what is bound or named, and anonymous volumes by their target. */
export interface VolumeWishes {
  binds: string[];
  anonymous: Record<string, object>;
}

/** Reads `SOURCE:TARGET[:OPTIONS]` and `TARGET`; a source that begins with `.` is made absolute. */
export function readVolumes(texts: readonly string[]): VolumeWishes {
  const wishes: VolumeWishes = { binds: [], anonymous: {} };
  for (const text of new Set(texts)) {
    const { source, target } = split(text);
    if (source === '') wishes.anonymous[text] = {};
    else wishes.binds.push(source.startsWith('.') ? `${resolve(source)}${text.slice(source.length)}` : text);
    if (target === '') throw new CliError(`invalid spec: ${text}: empty section between colons`);
  }
  return wishes;
}

function split(text: string): { source: string; target: string } {
  const bad = (reason: string) => new CliError(`invalid spec: ${text}: ${reason}`);
  if (text === '') throw new CliError('invalid empty volume spec');
  if (text.length <= 2) return { source: '', target: text };
  const parts = text.split(':');
  if (parts.some((part) => part === '')) throw bad('empty section between colons');
  const [first = '', second] = parts;
  return second === undefined ? { source: '', target: first } : { source: first, target: second };
}

/** `--tmpfs /run:rw,size=64m` */
export function readTmpfs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const colon = text.indexOf(':');
      return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
    }),
  );
}
