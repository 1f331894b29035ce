import { randomBytes } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import { InOrder } from './in-order.ts';
import type { BuildReporter, StepFacts, StepReporter } from './reporter.ts';

const SHORT = 12;

/**
 * Docker's classic stream: `Step 3/9 : RUN make`, ` ---> Using cache`, ` ---> Running in 0123456789ab`. Stages run side by
 * side, and are shown one after the other. `order`: the stages that are built.
 */
export function classicReporter(
  order: readonly number[],
  total: number,
  emit: (message: object) => void,
): BuildReporter {
  const inOrder = new InOrder(order, emit);
  return {
    globalArgument: (step, text) => emit({ stream: `Step ${step}/${total} : ${text}\n` }),
    stage: (index) => {
      const say = (text: string) => inOrder.write(index, { stream: text }, text.length);
      return {
        triggers: (count) => {
          if (count > 0) say(`# Executing ${count} build trigger${count > 1 ? 's' : ''}\n`);
        },
        step: (facts) => stepReporter(facts, { total, say, pass: (message) => inOrder.write(index, message, 100) }),
        end: () => inOrder.end(index),
      };
    },
    finish: () => {
      for (const index of order) inOrder.show(index);
    },
  };
}

function stepReporter(
  { number, text, kind }: StepFacts,
  { total, say, pass }: { total: number; say(text: string): void; pass(message: object): void },
): StepReporter {
  const decoders = { 1: new StringDecoder('utf8'), 2: new StringDecoder('utf8') };
  let container = '';
  return {
    begin: () => {
      if (number !== undefined) say(`Step ${number}/${total} : ${text}\n`);
    },
    running: (id) => {
      container = id.slice(0, SHORT);
      say(` ---> Running in ${container}\n`);
    },
    log: (stream, bytes) => {
      const decoded = decoders[stream].write(bytes);
      if (decoded !== '') say(decoded);
    },
    pulling: pass,
    status: () => undefined,
    removed: (id) => say(`Removing intermediate container ${id.slice(0, SHORT)}\n`),
    done: ({ image, cached }) => {
      const id = shortOf(image);
      if (cached) say(' ---> Using cache\n');
      // The classic builder makes a container for every step but copies, also where nothing runs in it.
      else if (kind === 'config' || kind === 'workdir') {
        const never = randomBytes(6).toString('hex');
        say(` ---> Running in ${never}\n`);
        say(`Removing intermediate container ${never}\n`);
      }
      say(` ---> ${id}\n`);
    },
    failed: () => undefined,
  };
}

/** The first digits of an image's id; '' for scratch. */
export function shortOf(image: string): string {
  return image.replace(/^sha256:/, '').slice(0, SHORT);
}
