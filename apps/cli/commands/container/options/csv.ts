/**
 * Splits a flag's value at commas as Go's CSV reader does: a field in double quotes may hold commas, and `""` inside it
 * is a quote.
 */
export function splitCsv(text: string): string[] {
  // Go's reader has no record to give.
  if (text === '') throw new Error('EOF');
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      const { field, next } = quoted(text, at + 1);
      fields.push(field);
      at = next;
    } else {
      const comma = text.indexOf(',', at);
      const end = comma < 0 ? text.length : comma;
      const field = text.slice(at, end);
      const quote = field.indexOf('"');
      if (quote >= 0) throw new Error(`parse error on line 1, column ${at + quote + 1}: bare " in non-quoted-field`);
      fields.push(field);
      at = end;
    }
    if (at >= text.length) return fields;
    at++;
  }
}

function quoted(text: string, start: number): { field: string; next: number } {
  let field = '';
  for (let at = start; at < text.length; at++) {
    if (text[at] !== '"') field += text[at];
    else if (text[at + 1] === '"') {
      field += '"';
      at++;
    } else if (at + 1 === text.length || text[at + 1] === ',') return { field, next: at + 1 };
    else break;
  }
  throw new Error(`parse error on line 1, column ${text.length + 1}: extraneous or missing " in quoted-field`);
}
