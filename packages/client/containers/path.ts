/** `/containers/NAME` plus `rest`, with the name made safe for a URL. */
export function containerPath(name: string, rest = ''): string {
  return `/containers/${encodeURIComponent(name)}${rest}`;
}
