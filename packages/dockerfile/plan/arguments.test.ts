import { describe, expect, it } from 'vitest';
import { isRun, messageOf, seenByRun, stageOf, testBuild } from '../test-build.ts';
import { unusedBuildArgs } from './unused-args.ts';

describe('arguments', () => {
  it('ARG/semantics: from its line to the end of the stage; the value passed, else the default; not in the image', () => {
    const { operations, config } = testBuild(stageOf('RUN echo $A', 'ARG A=1', 'RUN b', 'ARG A=2 B', 'RUN c'), {
      buildArgs: { B: 'b' },
    });
    expect(operations.filter(isRun).map(({ args }) => args.map(({ name, value }) => `${name}=${value}`))).toEqual([
      [],
      ['A=1'],
      ['A=2', 'B=b'],
    ]);
    expect(config.Env?.length).toBe(1);
  });

  it('ARG before FROM is for FROM; a stage sees it after it names it', () => {
    const text = 'ARG V=1 W=$V\nFROM a:$W\nRUN x\nARG W\nRUN y\nFROM b\nRUN z\nARG W=3\nRUN q';
    const all = (wish = {}) => {
      const { plan, operations } = testBuild(text, wish);
      const last = operations.filter(isRun).map(({ environment }) => environment.slice(1));
      return [plan.stages[0]?.baseText, last];
    };
    expect(all()).toEqual(['a:1', [[], ['W=3']]]);
    expect(all({ target: '0' })).toEqual(['a:1', [[], ['W=1']]]);
    expect(all({ target: '0', buildArgs: { V: '5' } })).toEqual(['a:5', [[], ['W=5']]]);
    expect(all({ target: '0', buildArgs: { W: '6' } })).toEqual(['a:6', [[], ['W=6']]]);
  });

  it('ENV hides an argument of the same name, wherever it stands', () => {
    expect(seenByRun(stageOf('ARG A=1', 'ENV A=2', 'RUN x'))).toEqual(['A=2']);
    expect(seenByRun(stageOf('ENV A=2', 'ARG A=1', 'RUN x'))).toEqual(['A=2']);
    expect(seenByRun(stageOf('ARG A', 'RUN x'), { buildArgs: { A: '3' } }, { Env: ['A=4'] })).toEqual(['A=4']);
  });

  it('stages built on a stage have its arguments', () => {
    expect(seenByRun('FROM a AS b\nARG A=1\nFROM b\nRUN x')).toEqual(['A=1']);
  });

  it('one without a value is not set', () => {
    expect(seenByRun(stageOf('ARG A', 'RUN x'))).toEqual([]);
    expect(testBuild(stageOf('ARG A', 'ENV B=${A-unset}')).config.Env?.[1]).toBe('B=unset');
    expect(testBuild(stageOf('ARG A', 'ENV B=${A-unset}'), { buildArgs: { A: '' } }).config.Env?.[1]).toBe('B=');
  });

  it('a default that is not used may fail', () => {
    expect(messageOf(() => seenByRun(stageOf('ARG A="${B:?no B}"', 'RUN x')))).toContain('B: no B');
    expect(seenByRun(stageOf('ARG A="${B:?no B}"', 'RUN x'), { buildArgs: { A: '1' } })).toEqual(['A=1']);
  });

  it('ARG/rule-1: names that nobody declares are told', () => {
    const buildArgs = {
      A: '',
      B: '',
      C: '',
      http_proxy: '',
      BUILDKIT_SYNTAX: '',
      BUILDKIT_INLINE_CACHE: '',
      TARGETARCH: '',
    };
    const { plan } = testBuild('ARG A\nFROM a\nARG B\nFROM b', { buildArgs, target: '0' });
    expect(unusedBuildArgs(plan)).toEqual(['BUILDKIT_INLINE_CACHE', 'C']);
  });

  it.each([
    ['args/HTTP_PROXY', 'HTTP_PROXY'],
    ['args/http_proxy', 'http_proxy'],
    ['args/HTTPS_PROXY', 'HTTPS_PROXY'],
    ['args/https_proxy', 'https_proxy'],
    ['args/FTP_PROXY', 'FTP_PROXY'],
    ['args/ftp_proxy', 'ftp_proxy'],
    ['args/NO_PROXY', 'NO_PROXY'],
    ['args/no_proxy', 'no_proxy'],
    ['args/ALL_PROXY', 'ALL_PROXY'],
    ['args/all_proxy', 'all_proxy'],
  ])('%s: is there without ARG, and not in history or key', (_row, name) => {
    const proxy = (text: string) => testBuild(text, { buildArgs: { [name]: 'http://p' } }).operations.find(isRun);
    const run = proxy(stageOf('RUN x'));
    expect(run?.proxies).toContain(`${name}=http://p`);
    expect(run?.created).toBe('RUN /bin/sh -c x');
    expect(run?.args).toEqual([]);
    const declared = proxy(stageOf(`ARG ${name}`, 'RUN x'));
    expect(declared?.proxies).not.toContain(`${name}=http://p`);
    expect(declared?.args).toEqual([{ name, value: 'http://p' }]);
    expect(declared?.created).toBe(`RUN |1 ${name}=http://p /bin/sh -c x`);
  });

  it.each([
    ['args/TARGETPLATFORM', 'linux/arm/v7'],
    ['args/TARGETOS', 'linux'],
    ['args/TARGETARCH', 'arm'],
    ['args/TARGETVARIANT', 'v7'],
    ['args/TARGETOSVERSION', ''],
    ['args/BUILDPLATFORM', 'linux/amd64'],
    ['args/BUILDOS', 'linux'],
    ['args/BUILDARCH', 'amd64'],
    ['args/BUILDVARIANT', ''],
    ['args/BUILDOSVERSION', ''],
    ['args/TARGETSTAGE', 'end'],
  ])('%s: is %j once a stage names it, and in FROM', (row, value) => {
    const name = row.slice('args/'.length);
    const wish = { targetPlatform: { os: 'linux', architecture: 'arm', variant: 'v7' } };
    expect(seenByRun(`FROM a AS end\nRUN x`, wish)).toEqual([]);
    expect(seenByRun(`FROM a AS end\nARG ${name}\nRUN x`, wish)).toEqual([`${name}=${value}`]);
    expect(testBuild(`FROM x$${name} AS end`, wish).plan.target.baseText).toBe(`x${value}`);
    expect(seenByRun(`FROM a AS end\nARG ${name}\nRUN x`, { ...wish, buildArgs: { [name]: 'mine' } })).toEqual([
      `${name}=mine`,
    ]);
  });
});
