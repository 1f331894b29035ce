/** What engine and resolver say to each other over EXEC/names.sock: a JSON object a line, each way. */

/** A container, as the resolver knows it. */
export interface NamedSandbox {
  id: string;
  /** File of its network namespace; '' for one of another host, which is only a name here. */
  namespacePath: string;
  /** Ports of 127.0.0.11 that are wanted, 0 for any; others are taken where these are not free. */
  udpPort: number;
  tcpPort: number;
  /** Name servers of `--dns`; they are asked from within the container's network. */
  dns: string[];
  /** It is in a network that has a way out: names that no network has may be asked for outside. */
  outside: boolean;
  /** The networks with names that it is in, in the order in which they are looked through. */
  networks: NamedEndpoint[];
}

export interface NamedEndpoint {
  networkId: string;
  networkName: string;
  /** '' where there is none. */
  ipv4: string;
  ipv6: string;
  /** The first one is also the name of its addresses. */
  names: string[];
  /** `CONTAINER:ALIAS`, as in EndpointWish. */
  links: string[];
}

export type Request =
  | { number: number; verb: 'hello' }
  | { number: number; verb: 'set'; sandbox: NamedSandbox }
  | { number: number; verb: 'drop'; id: string }
  | { number: number; verb: 'keep'; ids: string[] }
  | { number: number; verb: 'end' };

export interface Reply {
  number: number;
  /** Why it was not done. */
  error?: string;
  /** Of `hello`: which process and build it is. */
  pid?: number;
  build?: string;
  /** Of `set`: where it answers now. */
  udpPort?: number;
  tcpPort?: number;
}

/** Splits what comes in into whole lines, with a bound on one that never ends. */
export class Lines {
  #rest = '';

  /** Errors: RangeError when a line is too long. */
  push(text: string): string[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MAX_LINE) throw new RangeError('a message without end');
    return lines;
  }
}

const MAX_LINE = 8 << 20;
