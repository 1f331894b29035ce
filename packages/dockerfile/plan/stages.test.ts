import { describe, expect, it } from 'vitest';
import { errorOf, isCopy, messageOf, testBuild } from '../test-build.ts';
import { parsePlatform } from './platform.ts';

describe('stages', () => {
  it('FROM/semantics, FROM/rule-7: stages the target does not need are skipped; the last one is the target', () => {
    const text = 'FROM a AS one\nFROM b AS two\nFROM one AS three\nCOPY --from=0 x y\nFROM scratch';
    const order = (target?: string) => testBuild(text, { target }).plan.order.map(({ title }) => title);
    expect(order()).toEqual(['stage-3']);
    expect(order('three')).toEqual(['one', 'three']);
    expect(order('THREE')).toEqual(['one', 'three']);
    expect(order('1')).toEqual(['two']);
    expect(messageOf(() => order('thre'))).toBe('target stage "thre" could not be found (did you mean three?)');
  });

  it('directive/syntax, args/BUILDKIT_SYNTAX: the built-in frontend answers for docker/dockerfile, others are refused', () => {
    const plan = (syntax: string, buildArgs = {}) => testBuild(`# syntax=${syntax}\nFROM a`, { buildArgs }).plan;
    for (const name of [
      'docker/dockerfile:1',
      'docker.io/docker/dockerfile:1.7-labs',
      'docker/dockerfile-upstream:master',
      'mirror.example:5000/hub/docker/dockerfile:1.4',
    ]) {
      expect(plan(name).order.length).toBe(1);
    }
    const error = errorOf(() => plan('evil/frontend'));
    expect(error.message).toContain('frontend "evil/frontend" is not supported');
    expect(error.details).toMatchObject({ line: 1, column: 1 });
    expect(plan('evil/frontend', { BUILDKIT_SYNTAX: 'dockerfile.v0' }).order.length).toBe(1);
    expect(messageOf(() => plan('docker/dockerfile:1', { BUILDKIT_SYNTAX: 'evil/one' }))).toContain('"evil/one"');
  });

  it('context/reserved-stage-names: scratch and context are never contexts by name', () => {
    const { plan } = testBuild('FROM scratch\nCOPY --from=context x y', { contexts: ['scratch', 'context'] });
    expect(plan.target.base).toEqual({ kind: 'scratch' });
  });

  it('FROM/rule-4: scratch is nothing', () => {
    expect(testBuild('FROM scratch').plan.target.base).toEqual({ kind: 'scratch' });
  });

  it('FROM/rule-6: a context wins over a stage, a stage over an image', () => {
    const bases = (contexts: string[]) =>
      testBuild('FROM a AS debian\nRUN x\nFROM debian\nFROM docker.io/library/ubuntu', {
        contexts,
        target: '1',
      }).plan.stages.map(({ base, instructions }) => [base.kind, instructions.length]);
    expect(bases([])).toEqual([
      ['image', 1],
      ['stage', 0],
      ['image', 0],
    ]);
    expect(bases(['debian', 'ubuntu:latest'])).toEqual([
      ['named', 0],
      ['stage', 0],
      ['named', 0],
    ]);
  });

  it('FROM/rule-5: the configuration of the base is inherited, between stages too', () => {
    const base = {
      User: 'u',
      Env: ['A=1', 'PATH=/x'],
      Cmd: ['c'],
      WorkingDir: '/w',
      Labels: { l: '1' },
      Volumes: { '/v': {} },
    };
    expect(testBuild('FROM a AS b\nFROM b\nLABEL m=2', {}, base).config).toEqual({
      ...base,
      Labels: { l: '1', m: '2' },
    });
  });

  it('FROM/--platform: variables of the global scope; what is no platform is refused', () => {
    const platform = (text: string, wish = {}) => testBuild(text, wish).plan.stages[0]?.platform;
    expect(platform('ARG P=linux/arm/v7\nFROM --platform=$P a')).toBe('linux/arm/v7');
    expect(platform('FROM --platform=$BUILDPLATFORM a')).toBe('linux/amd64');
    expect(platform('FROM a')).toBeUndefined();
    expect(messageOf(() => platform('FROM --platform=$NO a'))).toBe('empty platform value from expression $NO');
    expect(messageOf(() => platform('FROM --platform=what a'))).toContain('unknown operating system or architecture');
    const local = { os: 'linux', architecture: 'amd64', variant: '' };
    const read = (text: string) => Object.values(parsePlatform(text, local)).join(' ');
    expect(['linux/aarch64', 'arm64', 'linux/arm', 'linux', 'linux/arm64/v8', 'windows/x86_64'].map(read)).toEqual([
      ...['linux arm64 ', 'linux arm64 ', 'linux arm v7', 'linux amd64 ', 'linux arm64 ', 'windows amd64 '],
    ]);
  });

  it('COPY/--from: a stage by name or index, a context, scratch or an image', () => {
    const text =
      'FROM a AS One\nFROM b\nCOPY --from=one x y\nCOPY --from=0 x y\nCOPY --from=ctx x y\nCOPY --from=img:1 x y\nCOPY x y';
    const roots = testBuild(text, { contexts: ['ctx'] })
      .operations.filter(isCopy)
      .map(({ root }) => root);
    expect(roots).toEqual([
      { kind: 'stage', index: 0 },
      { kind: 'stage', index: 0 },
      { kind: 'named', name: 'ctx' },
      { kind: 'image', reference: 'img:1' },
      { kind: 'context' },
    ]);
  });

  it.each([
    ['FROM a AS b\nCOPY --from=b x y', 'circular dependency detected on stage: b'],
    ['FROM a\nCOPY --from=0 x y', 'circular dependency detected on stage: stage-0'],
    ['FROM a AS b\nCOPY --from=c x y\nFROM b AS c', 'circular dependency detected on stage: b'],
    [
      'FROM a AS b\nCOPY --from=c x y\nFROM a AS c\nFROM b',
      'cannot copy from stage "c", it needs to be defined before current stage "b"',
    ],
    ['FROM a AS b\nRUN --mount=from=c,target=/x y\nFROM a AS c\nFROM b', 'cannot mount from stage "c" to "b"'],
    ['FROM a\nCOPY --from=7 x y', 'invalid stage index 7'],
    ['ARG x\nFROM $x', 'base name ($x) should not be blank'],
  ])('%j is refused: %s', (text, message) => {
    const error = errorOf(() => testBuild(text));
    expect(error.message).toContain(message);
    expect(error.details).toMatchObject({ file: 'Dockerfile' });
    expect(error.hint).toContain('^');
  });

  it('a chain of thousands of stages takes no time to speak of', () => {
    const text = [
      'FROM a AS s0',
      ...Array.from({ length: 5000 }, (_, at) => `FROM s${at} AS s${at + 1}\nCOPY --from=s${at} x y`),
    ];
    const started = performance.now();
    expect(testBuild(text.join('\n')).plan.order.length).toBe(5001);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
