/** `/images/NAME` plus `rest`; a name keeps its slashes, everything else is made safe for a URL. */
export function imagePath(name: string, rest = ''): string {
  const safe = name.split('/').map((part) => encodeURIComponent(part).replaceAll('%3A', ':').replaceAll('%40', '@'));
  return `/images/${safe.join('/')}${rest}`;
}
