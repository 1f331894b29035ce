import type { FlagSpec } from '../command.ts';

/** pflag's table of flags, wrapped at `columns`: sorted by name, names left, help right, defaults in brackets. */
export function flagUsages(specs: readonly FlagSpec[], columns: number): string {
  const shown = specs.filter((spec) => !spec.hidden).sort((a, b) => (a.long < b.long ? -1 : 1));
  const lefts = shown.map((spec) => {
    const head = spec.short ? `  -${spec.short}, --${spec.long}` : `      --${spec.long}`;
    return spec.type === 'bool' ? head : `${head} ${spec.type}`;
  });
  // pflag marks the end of the name with a character of its own, which counts.
  const widest = Math.max(0, ...lefts.map((left) => left.length + 1));
  return shown
    .map((spec, index) => {
      const left = lefts[index] ?? '';
      return `${left.padEnd(widest)}  ${wrap(widest + 2, columns, spec.help + defaultText(spec))}\n`;
    })
    .join('');
}

function defaultText(spec: FlagSpec): string {
  if (spec.default === undefined) return '';
  return ` (default ${spec.type === 'string' ? JSON.stringify(spec.default) : spec.default})`;
}

/** Least width in which wrapping makes sense; below it the text starts on a line of its own, as in pflag. */
const LEAST = 24;
/** How far a line may go over, so that no short word is left alone on the last one. */
const SLOP = 5;

function wrap(indent: number, columns: number, text: string): string {
  let left = indent;
  let room = columns - left;
  let out = '';
  if (room < LEAST) {
    left = 16;
    room = columns - left;
    out = `\n${' '.repeat(left)}`;
  }
  const margin = `\n${' '.repeat(left)}`;
  if (room < LEAST) return text.replaceAll('\n', out);
  room -= SLOP;
  let [line, rest] = takeLine(room, text);
  out += line.replaceAll('\n', margin);
  while (rest !== '') {
    [line, rest] = takeLine(room, rest);
    out += margin + line.replaceAll('\n', margin);
  }
  return out;
}

function takeLine(room: number, text: string): [line: string, rest: string] {
  if (room + SLOP > text.length) return [text, ''];
  const head = text.slice(0, room);
  const space = Math.max(head.lastIndexOf(' '), head.lastIndexOf('\t'), head.lastIndexOf('\n'));
  if (space <= 0) return [text, ''];
  const newline = head.lastIndexOf('\n');
  const cut = newline > 0 && newline < space ? newline : space;
  return [text.slice(0, cut), text.slice(cut + 1)];
}
