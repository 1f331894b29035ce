import type { BuildLog, BuildProgress, BuildStatus, BuildVertex } from '@berth/contract';

/** Bytes of a step's log that are kept for the end of a failed build. */
const TAIL_MAX = 64 * 1024;

/** A step as far as it has got. */
export interface Step {
  /** `#5` */
  number: number;
  vertex: BuildVertex;
  /** Latest text of its log, whole lines, each with its time in seconds since the step began. */
  tail: { text: string; at: number }[];
  statuses: Map<string, BuildStatus>;
  /** Begin of a line whose end has not come. */
  partial: string;
}

export interface LogLine {
  text: string;
  /** Seconds since the step began. */
  at: number;
}

/** What changed by one message. */
export interface Change {
  step: Step;
  /** The step is new, or began just now. */
  began: boolean;
  ended: boolean;
  lines: LogLine[];
  statuses: BuildStatus[];
}

/** The steps of a build in the order in which they were first heard of. */
export class Steps {
  readonly #all = new Map<string, Step>();
  #decoders = new Map<string, TextDecoder>();

  get all(): Step[] {
    return [...this.#all.values()];
  }

  /** Takes a message and tells, step by step, what is new. */
  take({ vertexes = [], logs = [], statuses = [] }: BuildProgress): Change[] {
    const changes = new Map<string, Change>();
    const change = (digest: string) => {
      const step = this.#step(digest);
      let found = changes.get(digest);
      if (!found) {
        found = { step, began: false, ended: false, lines: [], statuses: [] };
        changes.set(digest, found);
      }
      return found;
    };
    for (const vertex of vertexes) {
      const one = change(vertex.digest);
      const before = one.step.vertex;
      one.step.vertex = { ...before, ...vertex };
      if (!before.started && vertex.started) one.began = true;
      if (!before.completed && vertex.completed) {
        one.ended = true;
        if (one.step.partial !== '') one.lines.push(this.#line(one.step, '\n', vertex.completed));
      }
    }
    for (const status of statuses) {
      const one = change(status.vertex);
      one.step.statuses.set(status.id, status);
      one.statuses.push(status);
    }
    for (const log of logs) {
      const one = change(log.vertex);
      one.lines.push(...this.#lines(one.step, log));
    }
    return [...changes.values()];
  }

  #step(digest: string): Step {
    let step = this.#all.get(digest);
    if (!step) {
      step = { number: this.#all.size + 1, vertex: { digest, name: '' }, tail: [], statuses: new Map(), partial: '' };
      this.#all.set(digest, step);
    }
    return step;
  }

  #lines(step: Step, log: BuildLog): LogLine[] {
    const key = `${log.vertex}/${log.stream}`;
    let decoder = this.#decoders.get(key);
    if (!decoder) {
      decoder = new TextDecoder();
      this.#decoders.set(key, decoder);
    }
    const pieces = decoder.decode(Buffer.from(log.data, 'base64'), { stream: true }).split('\n');
    const rest = pieces.pop() ?? '';
    const lines = pieces.map((piece) => this.#line(step, piece, log.timestamp));
    step.partial += rest;
    if (step.partial.length > TAIL_MAX) lines.push(this.#line(step, '', log.timestamp));
    return lines;
  }

  #line(step: Step, piece: string, timestamp: string): LogLine {
    const text = (step.partial + piece).replace(/[\r\n]+$/, '');
    step.partial = '';
    const line = { text: text.slice(text.lastIndexOf('\r') + 1), at: seconds(step.vertex.started, timestamp) };
    step.tail.push(line);
    let size = step.tail.reduce((sum, one) => sum + one.text.length, 0);
    while (size > TAIL_MAX && step.tail.length > 1) size -= step.tail.shift()?.text.length ?? 0;
    return line;
  }
}

/** Seconds from one RFC 3339 moment to another, or to now; 0 when there is no beginning. */
export function seconds(from: string | undefined, to: string | undefined): number {
  if (from === undefined) return 0;
  return Math.max(0, ((to === undefined ? Date.now() : Date.parse(to)) - Date.parse(from)) / 1000);
}
