/** Spaces between columns, in the heading's line as well. */
const GAP = 3;

/**
 * A table as docker-compose 1.29 prints it: headings in the middle of their columns, a line of dashes, cells to the left.
 * Cells are broken over lines when all columns together are wider than `width`.
 */
export function classicTable(headings: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const widths = columnWidths(headings, rows, width);
  const lines = [
    line(headings, widths, center),
    '-'.repeat(widths.reduce((sum, one) => sum + one, 0) + GAP * (widths.length - 1)),
  ];
  for (const row of rows) {
    const cells = row.map((cell, index) => broken(cell, widths[index] ?? 0));
    const height = Math.max(1, ...cells.map((cell) => cell.length));
    for (let at = 0; at < height; at++)
      lines.push(
        line(
          cells.map((cell) => cell[at] ?? ''),
          widths,
          left,
        ),
      );
  }
  return `${lines.join('\n')}\n`;
}

function columnWidths(headings: readonly string[], rows: readonly (readonly string[])[], width: number): number[] {
  const natural = headings.map((heading, index) =>
    Math.max(heading.length, ...rows.map((row) => (row[index] ?? '').length)),
  );
  const room = width - GAP * (headings.length - 1);
  const total = natural.reduce((sum, one) => sum + one, 0);
  if (total <= room || room < headings.length) return natural;
  // What does not fit is shared out: the widest columns give way.
  const widths = natural.map(() => 1);
  for (let left = room - headings.length; left > 0; left--) {
    let best = 0;
    for (let at = 1; at < widths.length; at++)
      if ((natural[at] ?? 0) - (widths[at] ?? 0) > (natural[best] ?? 0) - (widths[best] ?? 0)) best = at;
    widths[best] = (widths[best] ?? 0) + 1;
  }
  return widths;
}

function broken(cell: string, width: number): string[] {
  const pieces: string[] = [];
  for (let rest = cell; rest !== ''; ) {
    if (rest.length <= width) {
      pieces.push(rest);
      break;
    }
    const space = rest.lastIndexOf(' ', width);
    const cut = space > 0 ? space : width;
    pieces.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  return pieces;
}

const left = (text: string, width: number) => text.padEnd(width);

function center(text: string, width: number): string {
  const before = Math.floor((width - text.length) / 2);
  return ' '.repeat(before) + text.padEnd(width - before);
}

function line(
  cells: readonly string[],
  widths: readonly number[],
  align: (text: string, width: number) => string,
): string {
  return cells.map((cell, index) => align(cell, widths[index] ?? 0)).join(' '.repeat(GAP));
}
