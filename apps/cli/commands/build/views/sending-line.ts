import { humanSize } from '../../../render/units.ts';
import type { Output } from '../../../streams.ts';

/** Docker tells it after each of these. */
const STEP = 512 * 1024;
const LEAST_MS = 100;

/** The line `Sending build context to Docker daemon  3.072kB`, to the byte as Docker's classic client prints it. */
export interface SendingLine {
  /** So many bytes are gone; shown on terminals. */
  sent(total: number): void;
  end(total: number): void;
}

export function sendingLine(out: Pick<Output, 'write' | 'isTerminal'>): SendingLine {
  const text = (total: number) => `Sending build context to Docker daemon ${humanSize(total).padStart(8)}\r`;
  let shown = 0;
  let shownAt = 0;
  return {
    sent(total) {
      if (!out.isTerminal || total - shown < STEP || Date.now() - shownAt < LEAST_MS) return;
      shown = total;
      shownAt = Date.now();
      out.write(text(total));
    },
    end: (total) => out.write(`${text(total)}\r\n`),
  };
}

/** Passes a context on and tells the line how far it is. */
export async function* counted(body: AsyncIterable<Uint8Array>, line: SendingLine): AsyncGenerator<Uint8Array, void> {
  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    yield chunk;
    line.sent(total);
  }
  line.end(total);
}
