import { createHash, randomBytes } from 'node:crypto';
import { BUILD_PROGRESS_ID, type BuildProgress, type BuildVertex } from '@berth/contract';
import type { BuildReporter, StepFacts, StepReporter } from './reporter.ts';

/** Tells a build in the shape of BuildKit's status, for modern views; at once, whatever the order of stages. */
export function progressReporter(emit: (message: object) => void): BuildReporter & ExtraSteps {
  const build = randomBytes(8).toString('hex');
  const digest = (vertex: string) => `sha256:${createHash('sha256').update(`${build} ${vertex}`).digest('hex')}`;
  const send = (progress: BuildProgress) => emit({ id: BUILD_PROGRESS_ID, aux: progress });
  const step = (facts: Pick<StepFacts, 'title' | 'inputs' | 'vertex'>) => reporterOf(facts, digest, send);
  return {
    // It is no step, but says that this is a modern stream: the classic one beside it is not looked at.
    globalArgument: () => send({}),
    stage: () => ({ triggers: () => undefined, step, end: () => undefined }),
    finish: () => undefined,
    extra: (title) => step({ title, inputs: [], vertex: title }),
  };
}

/** Work that is no instruction: `[internal] load build context`, `exporting to image`. */
export interface ExtraSteps {
  extra(title: string): StepReporter;
}

function reporterOf(
  { title, inputs, vertex }: Pick<StepFacts, 'title' | 'inputs' | 'vertex'>,
  digestOf: (vertex: string) => string,
  send: (progress: BuildProgress) => void,
): StepReporter {
  const digest = digestOf(vertex);
  const facts: BuildVertex = { digest, name: title, ...(inputs.length > 0 && { inputs: inputs.map(digestOf) }) };
  const now = () => new Date().toISOString();
  const pulls = new Map<string, string>();
  return {
    begin: () => {
      facts.started = now();
      send({ vertexes: [facts] });
    },
    running: () => undefined,
    log: (stream, bytes) =>
      send({ logs: [{ vertex: digest, stream, data: bytes.toString('base64'), timestamp: now() }] }),
    pulling: (message) => {
      const { id, status, progressDetail } = message as {
        id?: string;
        status?: string;
        progressDetail?: { current?: number; total?: number };
      };
      if (id === undefined || status === undefined) return;
      const started = pulls.get(id) ?? now();
      pulls.set(id, started);
      const { current = 0, total } = progressDetail ?? {};
      const isOver = /complete|exists/i.test(status);
      send({
        statuses: [
          {
            ...{ id, vertex: digest, name: `${status} ${id}`, current, timestamp: now(), started },
            ...(total !== undefined && { total }),
            ...(isOver && { completed: now() }),
          },
        ],
      });
    },
    status: (status) => send({ statuses: [{ ...status, vertex: digest, timestamp: now() }] }),
    removed: () => undefined,
    done: ({ cached }) => {
      facts.started ??= now();
      send({ vertexes: [{ ...facts, completed: now(), ...(cached && { cached }) }] });
    },
    failed: (error) => send({ vertexes: [{ ...facts, completed: now(), error }] }),
  };
}
