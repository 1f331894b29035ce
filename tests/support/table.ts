/** A table as clients print it: cells by the names in the first line. Columns begin where their names begin. */
export function parseTable(text: string): Record<string, string>[] {
  const [head = '', ...rows] = text.split('\n').filter((line) => line !== '');
  const columns = [...head.matchAll(/\S+(?: \S+)*/g)].map((match) => ({ name: match[0], from: match.index }));
  return rows.map((row) =>
    Object.fromEntries(
      columns.map(({ name, from }, index) => [name, row.slice(from, columns[index + 1]?.from).trim()]),
    ),
  );
}
