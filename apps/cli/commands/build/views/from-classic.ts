import type { BuildProgress } from '@berth/contract';
import type { ProgressMessage } from '../../../render/progress.ts';

/** Lines of the classic stream that are no output of a program. */
const NOISE =
  /^ ---> (?:[0-9a-f]{12}|Running in [0-9a-f]{12})?$|^ ---> \[Warning\]|^(?:Removed|Removing) intermediate container [0-9a-f]{12}$/;

/**
 * Makes steps of the classic stream, for engines that tell nothing else: `Step 2/4 : RUN make` begins one and ends the one
 * before it, ` ---> Using cache` says that it is cached, everything else is its log.
 */
export class ClassicSteps {
  #step: { digest: string; name: string; started: string; cached: boolean } | undefined;
  #line = '';

  take(message: ProgressMessage): BuildProgress {
    if (message.status !== undefined) return this.#status(message);
    const out: Required<Pick<BuildProgress, 'vertexes' | 'logs'>> = { vertexes: [], logs: [] };
    this.#line += message.stream ?? '';
    const lines = this.#line.split('\n');
    this.#line = lines.pop() ?? '';
    // A step's name comes without the end of its line.
    if (/^Step \d+\/\d+ : ./.test(this.#line)) lines.push(this.#line.trimEnd());
    if (/^Step \d+\/\d+ : ./.test(this.#line)) this.#line = '';
    for (const line of lines) this.#take(line, out);
    return out;
  }

  /** The end of the last step. */
  end(error?: string): BuildProgress {
    return { vertexes: this.#finish(error) };
  }

  #take(line: string, out: Required<Pick<BuildProgress, 'vertexes' | 'logs'>>): void {
    const step = /^Step (\d+)\/(\d+) : (.*)$/.exec(line);
    if (step) {
      out.vertexes.push(...this.#finish());
      const [, number = '', total = '', text = ''] = step;
      const started = new Date().toISOString();
      this.#step = {
        digest: `step-${number}`,
        name: `[${number.padStart(total.length)}/${total}] ${text}`,
        started,
        cached: false,
      };
      out.vertexes.push({ digest: this.#step.digest, name: this.#step.name, started });
    } else if (line === ' ---> Using cache') {
      if (this.#step) this.#step.cached = true;
    } else if (/^Successfully (?:built|tagged) /.test(line)) out.vertexes.push(...this.#finish());
    else if (line !== '' && !NOISE.test(line) && this.#step) {
      const data = Buffer.from(`${line}\n`).toString('base64');
      out.logs.push({ vertex: this.#step.digest, stream: 1, data, timestamp: new Date().toISOString() });
    }
  }

  #status({ id, status = '', progressDetail }: ProgressMessage): BuildProgress {
    if (!this.#step) return {};
    const { current = 0, total = 0 } = progressDetail ?? {};
    const timestamp = new Date().toISOString();
    const isOver = /complete|exists|^Digest|^Status/i.test(status);
    return {
      statuses: [
        {
          id: id ?? status,
          vertex: this.#step.digest,
          name: id ? `${id}: ${status}` : status,
          current,
          ...(total > 0 && { total }),
          timestamp,
          ...(isOver && { completed: timestamp }),
        },
      ],
    };
  }

  #finish(error?: string) {
    const step = this.#step;
    this.#step = undefined;
    if (!step) return [];
    return [{ ...step, completed: new Date().toISOString(), ...(error !== undefined && { error }) }];
  }
}
