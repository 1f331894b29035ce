/** One CSV record as Go reads it: fields, or the sentence of what is wrong. */
export function splitCsv(text: string): string[] | string {
  const fields: string[] = [];
  for (let at = 0; ; ) {
    if (text[at] !== '"') {
      const comma = text.indexOf(',', at);
      const end = comma === -1 ? text.length : comma;
      const field = text.slice(at, end);
      const quote = field.indexOf('"');
      if (quote !== -1) return `parse error on line 1, column ${at + quote + 1}: bare " in non-quoted field`;
      fields.push(field);
      if (comma === -1) return fields;
      at = comma + 1;
      continue;
    }
    let field = '';
    let from = at + 1;
    for (;;) {
      const quote = text.indexOf('"', from);
      if (quote === -1)
        return `parse error on line 1, column ${text.length + 1}: extraneous or missing " in quoted-field`;
      field += text.slice(from, quote);
      from = quote + 1;
      if (text[from] !== '"') break;
      field += '"';
      from++;
    }
    fields.push(field);
    if (from === text.length) return fields;
    if (text[from] !== ',') {
      return `parse error on line 1, column ${from + 1}: extraneous or missing " in quoted-field`;
    }
    at = from + 1;
  }
}
