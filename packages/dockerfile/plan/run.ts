import { BerthError } from '@berth/kit';
import { planError } from '../errors.ts';
import { type ExpandOptions, type Expansion, expandWord } from '../expand/word.ts';
import type { Instruction } from '../model.ts';
import { parseTrigger } from '../parse.ts';
import { DEFAULT_PATH, DEFAULT_SHELL, type ImageConfig, readEnv } from './config.ts';
import type { Operation, Step } from './operations.ts';
import { perform } from './perform.ts';
import type { BuildPlan, Stage } from './plan.ts';

/** What a stage begins with and what it leaves for stages that are built on it. */
export interface StageState {
  config: ImageConfig;
  /** MAINTAINER. */
  author?: string | undefined;
  /** Declared arguments with their values, in order; only stages have them, images do not. */
  args?: ReadonlyMap<string, string | undefined>;
}

/**
 * A stage on its way: the executor supplies what the base says and takes one operation after the other. Operations are
 * made when they are asked for, so an error comes at its step.
 */
export class StageRun {
  readonly plan: BuildPlan;
  readonly stage: Stage;
  /** ONBUILD of the base, then the stage's own. */
  readonly instructions: readonly Instruction[];
  /** How many of them come from ONBUILD of the base. */
  readonly triggers: number;
  /** What the next instruction changes: members are replaced, lists and maps in them never changed. */
  readonly config: ImageConfig;
  author: string | undefined;
  /** Declared arguments; undefined ones have no value. */
  readonly args: Map<string, string | undefined>;
  /** Variables of ENV, base included. */
  readonly env: Map<string, string>;
  /** Names whose value was asked for and that nobody set. */
  readonly missing: Set<string> = new Set();
  cmdSet = false;
  #next = 0;

  constructor(plan: BuildPlan, stage: Stage, base: StageState) {
    this.plan = plan;
    this.stage = stage;
    this.config = { ...base.config };
    this.author = base.author;
    this.args = new Map(base.args);
    const triggers = (base.config.OnBuild ?? []).map((text) => parseTrigger(text, `ONBUILD of ${stage.baseText}`));
    delete this.config.OnBuild;
    this.triggers = triggers.length;
    this.instructions = [...triggers, ...stage.instructions];
    this.env = readEnv(this.config.Env);
    if (!this.env.has('PATH')) {
      this.config.Env = [...(this.config.Env ?? []), `PATH=${DEFAULT_PATH}`];
      this.env.set('PATH', DEFAULT_PATH);
    }
  }

  /** The next operation, or undefined when the stage is finished. Throws `invalid`, placed. */
  next(): Operation | undefined {
    const instruction = this.instructions[this.#next];
    if (instruction === undefined) return undefined;
    const index = this.#next++;
    try {
      return perform(this, instruction, index);
    } catch (error) {
      if (!(error instanceof BerthError) || error.details !== undefined) throw error;
      throw planError({ source: instruction.source, span: instruction.span }, error.message);
    }
  }

  /** What stages that begin FROM this one begin with; complete once `next` answered undefined. */
  get state(): StageState {
    return { config: { ...this.config }, author: this.author, args: new Map(this.args) };
  }

  /** A variable as instructions see it: ENV hides ARG. */
  readonly variable = (name: string): string | undefined => this.env.get(name) ?? this.args.get(name);

  expansion(text: string, options: Partial<ExpandOptions> = {}): Expansion {
    const expansion = expandWord(text, this.variable, { escape: this.plan.dockerfile.escape, ...options });
    for (const name of expansion.missing) this.missing.add(name);
    return expansion;
  }

  expand(text: string): string {
    return this.expansion(text).text;
  }

  get shell(): readonly string[] {
    const { Shell } = this.config;
    return Shell === undefined || Shell.length === 0 ? DEFAULT_SHELL : Shell;
  }

  /** What every operation has; `created` is its line of history. */
  step(instruction: Instruction, index: number, created: string): Step {
    const trigger = index < this.triggers;
    return {
      instruction,
      trigger,
      step: trigger ? undefined : this.stage.firstStep + 1 + index - this.triggers,
      text: instruction.text,
      created,
      config: { ...this.config },
      author: this.author,
    };
  }
}
