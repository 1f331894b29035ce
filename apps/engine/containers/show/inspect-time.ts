/** Milliseconds since the epoch as Go prints times (RFC 3339, no zeros at the end); 0, for never, is Go's zero time. */
export function timeText(milliseconds: number): string {
  if (milliseconds === 0) return '0001-01-01T00:00:00Z';
  return new Date(milliseconds).toISOString().replace(/\.?0*Z$/, 'Z');
}
