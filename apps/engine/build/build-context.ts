import type { BuildExplanation } from '@berth/contract';
import type { BuildPlan, Instruction } from '@berth/dockerfile';
import type { Logger } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import type { BuildSteps } from '../containers/index.ts';
import type { Publish } from '../events/model.ts';
import type { Images, Transfers } from '../images/index.ts';
import type { StepDone } from './cache/export.ts';
import type { CacheExports } from './cache/exports.ts';
import type { CacheSource } from './cache/import.ts';
import type { SharedSteps } from './cache/shared-steps.ts';
import type { CacheStore, RunStep } from './cache/store.ts';
import type { BuildContext as Files } from './context/index.ts';
import type { FileWork } from './files/file-work.ts';
import type { BuildInputs } from './inputs.ts';
import type { BuildRequest } from './model.ts';
import type { BuildReporter } from './output/reporter.ts';
import type { StageImage } from './stage-image.ts';

/** What all builds of an engine share. */
export interface Builder {
  config: EngineConfig;
  log: Logger;
  publish: Publish;
  images: Images;
  transfers: Transfers;
  steps: BuildSteps;
  inputs: BuildInputs;
  cache: CacheStore;
  shared: SharedSteps<StageImage>;
  exports: CacheExports;
  files: FileWork;
  /** Does something when the present answers are given; also when the engine is stopping. */
  afterwards(work: () => void): void;
}

/** One build that is under way. */
export interface Build {
  builder: Builder;
  request: BuildRequest;
  plan: BuildPlan;
  /** The main context; undefined when the request brought a Dockerfile alone. */
  context: Files | undefined;
  /** A directory of this build alone, removed at its end; most builds need none. */
  scratch(): string;
  signal: AbortSignal;
  reporter: BuildReporter;
  /** The rule of the context's own ignore file that leaves a path out. */
  ignoredBy(path: string): string | undefined;
  /** Says why a step was done or not; undefined when nobody wants to know. */
  explain: ((explanation: BuildExplanation) => void) | undefined;
  /** The last build of the same name. */
  previous: readonly RunStep[];
  /** Steps as they were done, to compare the next build with; those of a stage in their order. */
  done: RunStep[];
  /** Caches that the user named, asked for steps that are not in the engine's own. */
  imports: readonly CacheSource[];
  /** What the steps made; undefined when the cache is not exported. */
  results: StepDone[] | undefined;
  /** ONBUILD instructions that bases brought along. */
  triggers: Instruction[];
}
