/** A port of a container in lists. `IP` and `PublicPort` are absent when it is not published. */
export interface PortSummary {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: string;
}

interface Run {
  first: number;
  last: number;
}

/**
 * Ports as Docker shows them: neighbouring ports that map to themselves form ranges per address and protocol; ports that
 * map to others follow one by one.
 */
export function displayPorts(ports: readonly PortSummary[]): string {
  const runs = new Map<string, Run>();
  const shown: string[] = [];
  const mapped: string[] = [];
  for (const port of [...ports].sort(comparePorts)) {
    const { PrivatePort: own, PublicPort = 0, IP = '', Type } = port;
    if (IP !== '' && PublicPort !== own) {
      mapped.push(`${joinHostPort(IP, String(PublicPort))}->${own}/${Type}`);
      continue;
    }
    const key = IP === '' ? Type : `${IP}/${Type}`;
    const run = runs.get(key);
    if (run && own === run.last + 1) run.last = own;
    else {
      if (run) shown.push(showRun(key, run));
      runs.set(key, { first: own, last: own });
    }
  }
  for (const [key, run] of runs) shown.push(showRun(key, run));
  return [...shown, ...mapped].join(', ');
}

function showRun(key: string, { first, last }: Run): string {
  const slash = key.lastIndexOf('/');
  const range = first === last ? String(first) : `${first}-${last}`;
  const ip = slash < 0 ? '' : key.slice(0, slash);
  return `${ip === '' ? '' : `${joinHostPort(ip, range)}->`}${range}/${key.slice(slash + 1)}`;
}

function joinHostPort(host: string, port: string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function comparePorts(a: PortSummary, b: PortSummary): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    compareText(a.IP ?? '', b.IP ?? '') ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    compareText(a.Type, b.Type)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
