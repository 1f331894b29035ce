import type { Instruction } from '../model.ts';
import type { Operation } from './operations.ts';
import { joinPath } from './paths.ts';
import { performCommand, performConfig } from './perform-config.ts';
import { performCopy } from './perform-copy.ts';
import { performArg, performEnv, performLabel } from './perform-pairs.ts';
import { performRun } from './perform-run.ts';
import type { StageRun } from './run.ts';

/** Carries an instruction out on the configuration and says what is left to do. */
export function perform(run: StageRun, instruction: Instruction, index: number): Operation {
  switch (instruction.kind) {
    case 'run':
      return performRun(run, instruction, index);
    case 'copy':
    case 'add':
      return performCopy(run, instruction, index);
    case 'workdir': {
      const path = joinPath(run.config.WorkingDir, run.expand(instruction.value));
      run.config.WorkingDir = path;
      return { kind: 'workdir', path, user: run.config.User ?? '', ...run.step(instruction, index, `WORKDIR ${path}`) };
    }
    case 'env':
      return config(run, instruction, index, performEnv(run, instruction));
    case 'label':
      return config(run, instruction, index, performLabel(run, instruction));
    case 'arg':
      return config(run, instruction, index, performArg(run, instruction));
    case 'cmd':
    case 'entrypoint':
      return config(run, instruction, index, performCommand(run, instruction));
    default:
      return config(run, instruction, index, performConfig(run, instruction));
  }
}

function config(run: StageRun, instruction: Instruction, index: number, created: string): Operation {
  return { kind: 'config', ...run.step(instruction, index, created) };
}
