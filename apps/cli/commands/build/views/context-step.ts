import type { BuildView } from './view.ts';

const NAME = '[internal] load build context';
const DIGEST = 'client:context';

/** The step in which the client sends its context, for views of steps. */
export interface ContextStep {
  /** So many bytes were sent ahead. */
  sent(bytes: number): void;
  /** Ends it; `bytes` were sent ahead. */
  end(bytes?: number): void;
  /** Passes a context on that goes along with the build, and ends the step with it. */
  counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void>;
}

export function contextStep(view: BuildView): ContextStep {
  const started = new Date().toISOString();
  const vertex = { digest: DIGEST, name: NAME, started };
  view.take({ vertexes: [vertex] });
  const tell = (current: number, isOver: boolean) => {
    const timestamp = new Date().toISOString();
    const over = isOver && { completed: timestamp };
    view.take({
      statuses: [{ id: 'transferring context', vertex: DIGEST, current, timestamp, started, ...over }],
      ...(isOver && { vertexes: [{ ...vertex, completed: timestamp }] }),
    });
  };
  return {
    sent: (bytes) => tell(bytes, false),
    end: (bytes = 0) => tell(bytes, true),
    async *counted(body) {
      let total = 0;
      for await (const chunk of body) {
        total += chunk.length;
        yield chunk;
        tell(total, false);
      }
      tell(total, true);
    },
  };
}
