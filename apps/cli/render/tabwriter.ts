import { displayWidth } from './text.ts';

export interface TabLayout {
  /** Least width of a column, padding included. */
  minWidth: number;
  /** Spaces between the widest cell and the next column. */
  padding: number;
}

/** The layout of Docker's tables. */
export const TABLE_LAYOUT: TabLayout = { minWidth: 10, padding: 3 };

/**
 * Aligns tab-separated text with elastic tab stops, as Go's tabwriter does: a column is a run of neighbouring lines that
 * all have a tab-terminated cell at that place; the text behind the last tab of a line is never padded.
 */
export function alignTabs(text: string, layout: TabLayout = TABLE_LAYOUT): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const widths = lines.map(() => [] as number[]);
  measure(lines, widths, 0, lines.length, 0, layout);
  return lines.map((cells, row) => joinCells(cells, widths[row] ?? [])).join('\n');
}

function measure(lines: string[][], widths: number[][], from: number, to: number, column: number, layout: TabLayout) {
  let row = from;
  while (row < to) {
    if (column >= (lines[row]?.length ?? 0) - 1) {
      row++;
      continue;
    }
    const start = row;
    let width = layout.minWidth;
    for (; row < to && column < (lines[row]?.length ?? 0) - 1; row++) {
      width = Math.max(width, displayWidth(lines[row]?.[column] ?? '') + layout.padding);
    }
    for (let i = start; i < row; i++) widths[i]?.push(width);
    measure(lines, widths, start, row, column + 1, layout);
  }
}

function joinCells(cells: string[], widths: number[]): string {
  let line = '';
  cells.forEach((cell, i) => {
    line += cell;
    const width = widths[i];
    if (width !== undefined && i < cells.length - 1) line += ' '.repeat(width - displayWidth(cell));
  });
  return line;
}
