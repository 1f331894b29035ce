/** A truth as Go's `strconv.ParseBool` reads it, and with it Docker's options: `1`, `t`, `true`, `0`, … Else undefined. */
export function readBoolean(text: string): boolean | undefined {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(?:0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}
