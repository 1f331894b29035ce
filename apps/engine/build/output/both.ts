import type { BuildReporter, StageReporter, StepReporter } from './reporter.ts';

/** Tells two reporters the same. */
export function both(one: BuildReporter, other: BuildReporter): BuildReporter {
  return {
    globalArgument: (step, text) => {
      one.globalArgument(step, text);
      other.globalArgument(step, text);
    },
    stage: (index) => bothStages(one.stage(index), other.stage(index)),
    finish: () => {
      one.finish();
      other.finish();
    },
  };
}

function bothStages(one: StageReporter, other: StageReporter): StageReporter {
  return {
    triggers: (count) => {
      one.triggers(count);
      other.triggers(count);
    },
    step: (facts) => bothSteps(one.step(facts), other.step(facts)),
    end: () => {
      one.end();
      other.end();
    },
  };
}

function bothSteps(one: StepReporter, other: StepReporter): StepReporter {
  const tell =
    <Args extends unknown[]>(pick: (reporter: StepReporter) => (...args: Args) => void) =>
    (...args: Args) => {
      pick(one)(...args);
      pick(other)(...args);
    };
  return {
    begin: tell((reporter) => reporter.begin),
    running: tell((reporter) => reporter.running),
    log: tell((reporter) => reporter.log),
    pulling: tell((reporter) => reporter.pulling),
    status: tell((reporter) => reporter.status),
    removed: tell((reporter) => reporter.removed),
    done: tell((reporter) => reporter.done),
    failed: tell((reporter) => reporter.failed),
  };
}
