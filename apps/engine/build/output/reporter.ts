import type { BuildStatus } from '@berth/contract';

/** What is told of one step. Never throws. */
export interface StepReporter {
  begin(): void;
  /** The step is run in this container. */
  running(container: string): void;
  log(stream: 1 | 2, bytes: Buffer): void;
  /** Docker's own messages of a pull. */
  pulling(message: object): void;
  status(status: Omit<BuildStatus, 'vertex' | 'timestamp'>): void;
  removed(container: string): void;
  done(result: { image: string; cached: boolean }): void;
  failed(message: string): void;
}

/** What is told of a build. */
export interface BuildReporter {
  /** Begins the output of a stage; it is shown when all stages before it have ended. */
  stage(index: number): StageReporter;
  /** ARG before FROM. */
  globalArgument(step: number, text: string): void;
  /** No more stages come after an error: what was held back of this one is shown. */
  finish(): void;
}

export interface StageReporter {
  step(facts: StepFacts): StepReporter;
  triggers(count: number): void;
  end(): void;
}

export interface StepFacts {
  /** Number in `Step N/M`; undefined for triggers. */
  number: number | undefined;
  /** The instruction as it is shown in `Step N/M : …`. */
  text: string;
  /** As modern views show it: `[builder 2/4] RUN make`. */
  title: string;
  kind: 'from' | 'run' | 'copy' | 'add' | 'workdir' | 'config';
  /** Names of the steps that it waits for. */
  inputs: string[];
  /** Its own name. */
  vertex: string;
}
