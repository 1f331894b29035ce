import { describe, expect, it } from 'vitest';
import { parseDockerfile } from '../parse.ts';
import type { Operation } from './operations.ts';
import { type BuildWish, planBuild } from './plan.ts';
import { StageRun, type StageState } from './run.ts';

const LINUX = { os: 'linux', architecture: 'amd64', variant: '' };

/** Runs every needed stage and answers the operations by stage title. */
function build(text: string, wish: Partial<BuildWish> = {}, base: StageState = { config: {} }) {
  const plan = planBuild(parseDockerfile(text), { targetPlatform: LINUX, buildPlatform: LINUX, ...wish });
  const states = new Map<number, StageState>();
  const operations: Operation[] = [];
  for (const stage of plan.order) {
    const begin = stage.base.kind === 'stage' ? states.get(stage.base.index) : base;
    const run = new StageRun(plan, stage, begin ?? base);
    for (let next = run.next(); next !== undefined; next = run.next()) operations.push(next);
    states.set(stage.index, run.state);
  }
  const config = states.get(plan.target.index)?.config;
  return { plan, operations, config: config ?? {} };
}

describe('a run of stages', () => {
  it('gives steps with every variable replaced', () => {
    const { operations, plan } = build(
      'ARG V=12\nFROM debian:$V\nARG A=1\nENV B=$A\nWORKDIR src\nRUN --mount=type=cache,target=c$A make\nCOPY $B /x ./',
      { buildArgs: { A: '2' } },
    );
    expect(plan.order.map(({ base }) => base)).toEqual([{ kind: 'image', reference: 'debian:12' }]);
    expect(operations.map(({ kind, created, step }) => [step, kind, created])).toEqual([
      [3, 'config', 'ARG A=1'],
      [4, 'config', 'ENV B=2'],
      [5, 'workdir', 'WORKDIR /src'],
      [6, 'run', 'RUN |1 A=2 /bin/sh -c make'],
      [7, 'copy', 'COPY $B /x ./'],
    ]);
    expect(operations[3]).toMatchObject({
      argv: ['/bin/sh', '-c', 'make'],
      workdir: '/src',
      mounts: [{ type: 'cache', target: '/src/c2', readonly: false }],
      environment: [expect.stringMatching(/^PATH=/), 'B=2', 'A=2'],
    });
    expect(operations[4]).toMatchObject({
      sources: [
        { kind: 'path', path: '2' },
        { kind: 'path', path: '/x' },
      ],
      destination: '/src/',
    });
  });

  it('skips what the target does not need and orders the rest', () => {
    const text = 'FROM a AS one\nFROM b AS two\nRUN x\nFROM one AS three\nCOPY --from=0 /a /b\nFROM scratch';
    expect(build(text, { target: 'three' }).plan.order.map(({ title }) => title)).toEqual(['one', 'three']);
    expect(build(text).plan.order.map(({ title }) => title)).toEqual(['stage-3']);
  });
});
