import { describe, expect, it } from 'vitest';
import { errorOf, isCopy, isRun, messageOf, seenByRun, stageOf, testBuild } from '../test-build.ts';
import { goQuoted } from './go-format.ts';

describe('where variables are replaced', () => {
  const build = (...text: string[]) => testBuild(stageOf('ENV v=val', ...text));
  const config = (...text: string[]) => build(...text).config;

  it('expansion/FROM: from the global scope only', () => {
    expect(testBuild('ARG v=1\nFROM a${v:+-b}').plan.target.baseText).toBe('a-b');
  });

  it('expansion/COPY, expansion/ADD: sources, destination, owner, mode, patterns', () => {
    for (const word of ['COPY', 'ADD']) {
      expect(build(`${word} --chown=$v --chmod=$v --exclude=$v $v a /$v/`).operations.find(isCopy)).toMatchObject({
        sources: [{ path: 'val' }, { path: 'a' }],
        destination: '/val/',
        chown: 'val',
        chmod: 'val',
        exclude: ['val'],
      });
    }
  });

  it('expansion/ENV, expansion/LABEL, expansion/ARG: names and values', () => {
    expect(config('ENV a$v="$v \'$v\'"').Env?.slice(2)).toEqual([`aval=val 'val'`]);
    expect(config(`LABEL "a b"='$v' c=$v`).Labels).toEqual({ 'a b': '$v', c: 'val' });
    expect(seenByRun(stageOf('ENV v=val', 'ARG a=$v-', 'RUN x'))).toEqual(['v=val', 'a=val-']);
  });

  it('expansion/EXPOSE, expansion/rule-7: to words', () => {
    expect(testBuild(stageOf('ENV p="80 90/udp"', 'EXPOSE $p 100')).config.ExposedPorts).toEqual({
      '80/tcp': {},
      '90/udp': {},
      '100/tcp': {},
    });
  });

  it('expansion/VOLUME, expansion/USER, expansion/WORKDIR, expansion/STOPSIGNAL: the value', () => {
    expect(config('VOLUME /$v', 'USER $v:$v', 'WORKDIR /$v').Volumes).toEqual({ '/val': {} });
    expect(config('VOLUME ["/$v"]', 'USER $v:$v', 'WORKDIR /$v')).toMatchObject({
      User: 'val:val',
      WorkingDir: '/val',
    });
    expect(testBuild(stageOf('ENV s=SIGINT', 'STOPSIGNAL $s')).config.StopSignal).toBe('SIGINT');
  });

  it('expansion/ONBUILD-with-one-of-these: in the child, not where it is written', () => {
    const stored = config('ONBUILD ENV w=$v').OnBuild;
    expect(stored).toEqual(['ENV w=$v']);
    expect(testBuild('FROM a', {}, { OnBuild: stored ?? [], Env: ['v=child'] }).config.Env).toContain('w=child');
  });

  it('expansion/RUN---mount-values: but not from', () => {
    const run = build('RUN --mount=type=cache,id=$v,target=/$v,mode=${m:-0700} x').operations.find(isRun);
    expect(run?.mounts[0]).toMatchObject({ id: 'val', target: '/val', mode: 0o700 });
    const error = errorOf(() => build('RUN --mount=type=$v,target=/x y'));
    expect(error.message).toBe('unsupported mount type "val"');
    expect(error.details).toMatchObject({ line: 3, column: 5 });
  });

  it('expansion/not-in-1: commands are left to their shell', () => {
    const { config: image, operations } = build('RUN a $v', 'CMD b $v', 'ENTRYPOINT ["$v"]', 'HEALTHCHECK CMD c $v');
    expect(operations.find(isRun)?.argv[2]).toBe('a $v');
    expect([image.Cmd?.[2], image.Entrypoint, image.Healthcheck?.Test]).toEqual([
      'b $v',
      ['$v'],
      ['CMD-SHELL', 'c $v'],
    ]);
  });

  it('expansion/rule-4, ENV/semantics: one line sees the values before it', () => {
    expect(testBuild(stageOf('ENV abc=hello', 'ENV abc=bye def=$abc', 'ENV ghi=$abc')).config.Env?.slice(1)).toEqual([
      'abc=bye',
      'def=hello',
      'ghi=bye',
    ]);
  });
});

describe('what instructions do', () => {
  const config = (...text: string[]) => testBuild(stageOf(...text)).config;

  it('RUN/rule-2: the key is the command, the arguments declared so far, and ENV', () => {
    const run = (...text: string[]) => testBuild(stageOf(...text), { buildArgs: { A: '1' } }).operations.find(isRun);
    expect(run('ARG A', 'RUN x')).toMatchObject({ argv: ['/bin/sh', '-c', 'x'], args: [{ name: 'A', value: '1' }] });
    expect(run('RUN x', 'ARG A')?.args).toEqual([]);
  });

  it('CMD/semantics, ENTRYPOINT/semantics: the last counts; ENTRYPOINT drops the CMD of the base', () => {
    const base = { Cmd: ['base'], Entrypoint: ['e'] };
    const of = (...text: string[]) => {
      const { Cmd, Entrypoint } = testBuild(stageOf(...text), {}, base).config;
      return [Entrypoint, Cmd];
    };
    expect(of('CMD ["a"]', 'CMD b')).toEqual([['e'], ['/bin/sh', '-c', 'b']]);
    expect(of('ENTRYPOINT ["x"]')).toEqual([['x'], null]);
    expect(of('CMD ["a"]', 'ENTRYPOINT x')).toEqual([['/bin/sh', '-c', 'x'], ['a']]);
    expect(of('ENTRYPOINT []')).toEqual([null, null]);
    expect(testBuild('FROM a AS b\nCMD ["a"]\nFROM b\nENTRYPOINT ["x"]').config.Cmd).toBeNull();
  });

  it('SHELL/semantics, default/SHELL: is in front of later shell forms, and stored', () => {
    const { operations, config: image } = testBuild(stageOf('RUN a', 'SHELL ["/bin/bash","-ec"]', 'RUN b', 'CMD c'));
    expect(operations.filter(isRun).map(({ argv }) => argv.slice(0, 2))).toEqual([
      ['/bin/sh', '-c'],
      ['/bin/bash', '-ec'],
    ]);
    expect([image.Shell, image.Cmd]).toEqual([
      ['/bin/bash', '-ec'],
      ['/bin/bash', '-ec', 'c'],
    ]);
  });

  it('LABEL/semantics: later wins, others stay', () => {
    const { Labels } = testBuild(
      stageOf('LABEL a=1 b=2', 'LABEL b=3 __proto__=4'),
      {},
      { Labels: { a: '0', c: '5' } },
    ).config;
    expect(Object.entries(Labels ?? {})).toEqual([
      ['a', '1'],
      ['c', '5'],
      ['b', '3'],
      ['__proto__', '4'],
    ]);
  });

  it('EXPOSE/semantics: tcp by default, ranges; what is no port is refused', () => {
    expect(Object.keys(config('EXPOSE 80 81/UDP 90-92/sctp 127.0.0.1:1:2').ExposedPorts ?? {}).sort()).toEqual(
      ['80/tcp', '81/udp', '90/sctp', '91/sctp', '92/sctp', '2/tcp'].sort(),
    );
    for (const port of ['x', '70000', '3-1', '1-2-3', '-1']) {
      expect(messageOf(() => config(`EXPOSE ${port}`))).toContain('invalid containerPort');
    }
    expect(messageOf(() => config('EXPOSE 1/icmp'))).toBe('invalid proto: icmp');
  });

  it('HEALTHCHECK/semantics: CMD-SHELL or CMD; the last counts; NONE is stored', () => {
    expect(config('HEALTHCHECK --retries=2 CMD a b').Healthcheck).toEqual({ Test: ['CMD-SHELL', 'a b'], Retries: 2 });
    expect(config('HEALTHCHECK CMD a', 'HEALTHCHECK --interval=5s CMD ["b"]').Healthcheck).toEqual({
      Test: ['CMD', 'b'],
      Interval: 5e9,
    });
    expect(
      testBuild(stageOf('HEALTHCHECK NONE'), {}, { Healthcheck: { Test: ['CMD', 'x'] } }).config.Healthcheck,
    ).toEqual({
      Test: ['NONE'],
    });
  });

  it('STOPSIGNAL/semantics: a signal that there is', () => {
    for (const signal of ['SIGTERM', 'quit', '9', 'RTMIN+3', 'SIGRTMAX-1']) {
      expect(config(`STOPSIGNAL ${signal}`).StopSignal).toBe(signal);
    }
    for (const signal of ['SIGNONE', '0', '65', 'RTMIN+31', '-9']) {
      expect(messageOf(() => config(`STOPSIGNAL ${signal}`))).toBe(`invalid signal: ${signal}`);
    }
  });

  it('USER/semantics, VOLUME/semantics, MAINTAINER/semantics: are stored', () => {
    expect(config('USER 1:2', 'VOLUME /a', 'VOLUME ["/b"]')).toMatchObject({
      User: '1:2',
      Volumes: { '/a': {}, '/b': {} },
    });
    expect(testBuild(stageOf('MAINTAINER me <x@y>')).author).toBe('me <x@y>');
  });

  it('WORKDIR/semantics, default/WORKDIR: relative ones are below the one before', () => {
    const at = (...text: string[]) => config(...text).WorkingDir;
    expect(at('WORKDIR a')).toBe('/a');
    expect(at('WORKDIR /a', 'WORKDIR b/../c/', 'WORKDIR ./d')).toBe('/a/c/d');
    expect(at('WORKDIR /a', 'WORKDIR ../../..')).toBe('/');
    const { operations } = testBuild(stageOf('RUN x', 'WORKDIR /w', 'RUN y'));
    expect(operations.filter(isRun).map(({ workdir }) => workdir)).toEqual(['/', '/w']);
  });

  it('COPY/rule-1, COPY/rule-2: a destination is below WORKDIR; a slash at its end stays', () => {
    const to = (destination: string, ...before: string[]) =>
      testBuild(stageOf(...before, `COPY x ${destination}`)).operations.find(isCopy)?.destination;
    expect([
      to('y'),
      to('y/', 'WORKDIR /w'),
      to('.', 'WORKDIR /w'),
      to('/a/../b/.'),
      to('/'),
      to('..', 'WORKDIR /a/b'),
    ]).toEqual([...['/y', '/w/y/', '/w/', '/b/', '/', '/a']]);
  });

  it('ADD: addresses, repositories and paths are told apart; flags that do not fit are refused', () => {
    const kinds = (...sources: string[]) =>
      testBuild(stageOf(`ADD ${sources.join(' ')} /x/`))
        .operations.find(isCopy)
        ?.sources.map(({ kind }) => kind);
    expect(
      kinds(
        'https://h/a.tgz',
        'http://h/r.git',
        'https://h/r.git#v1:sub',
        'git@h:r',
        'git://h/r',
        'ssh://h/r',
        'a@b',
        'c',
      ),
    ).toEqual([...['url', 'git', 'git', 'git', 'git', 'git', 'path', 'path']]);
    expect(messageOf(() => testBuild(stageOf('COPY https://h/a /x')))).toBe("source can't be a URL for COPY");
    expect(messageOf(() => kinds('--checksum=sha256:00', 'https://h/a'))).toBe('invalid checksum digest format');
    expect(messageOf(() => kinds('--checksum=sha256:00', 'a'))).toContain("can't be specified for non-HTTP(S) sources");
    expect(messageOf(() => kinds('--keep-git-dir', 'a'))).toContain('only supported for git sources');
  });

  it('ONBUILD/semantics: runs first in the child, once, and not in its children', () => {
    const base = { OnBuild: ['RUN one', 'ENV A=$B'], Env: ['B=b'] };
    const { operations, config: image } = testBuild('FROM a\nRUN two', {}, base);
    expect(operations.map(({ text, trigger, step }) => [text, trigger, step])).toEqual([
      ['RUN one', true, undefined],
      ['ENV A=$B', true, undefined],
      ['RUN two', false, 2],
    ]);
    expect(image.OnBuild).toBeUndefined();
    expect(image.Env).toContain('A=b');
    expect(testBuild('FROM a AS b\nONBUILD RUN x\nFROM b AS c\nFROM c').operations.map(({ text }) => text)).toEqual([
      'ONBUILD RUN x',
      'RUN x',
    ]);
    const error = errorOf(() => testBuild('FROM a', {}, { OnBuild: ['RUM x'] }));
    expect(error.details).toMatchObject({ file: 'ONBUILD of a', line: 1 });
    expect(messageOf(() => testBuild('FROM a', {}, { OnBuild: ['RUN x\nRUN y'] }))).toContain('single expression');
  });

  it('default/PATH: is set where the base has none', () => {
    expect(config().Env).toEqual(['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']);
    expect(testBuild('FROM a', {}, { Env: ['PATH=/x'] }).config.Env).toEqual(['PATH=/x']);
  });

  it('histories are those of the classic builder', () => {
    const { operations } = testBuild(
      stageOf(
        ...['ENV a=b c="d e"', 'LABEL x=y', 'EXPOSE 90 80', 'VOLUME /v', 'USER u', 'WORKDIR /w', 'CMD ["a\\"b", "c"]'],
        ...[
          'ENTRYPOINT x',
          'SHELL ["/s"]',
          'STOPSIGNAL 9',
          'HEALTHCHECK --retries=3 --interval=90s CMD x',
          'ONBUILD RUN y',
        ],
        ...['MAINTAINER m', 'ARG V=1', 'RUN z'],
      ),
    );
    expect(operations.map(({ created }) => created)).toEqual([
      ...['ENV a=b c=d e', 'LABEL x=y', 'EXPOSE 80 90', 'VOLUME [/v]', 'USER u', 'WORKDIR /w', 'CMD ["a\\"b" "c"]'],
      ...['ENTRYPOINT ["/bin/sh" "-c" "x"]', 'SHELL [/s]', 'STOPSIGNAL 9'],
      `HEALTHCHECK &{["CMD-SHELL" "x"] "1m30s" "0s" "0s" "0s" '\\x03'}`,
      ...['ONBUILD RUN y', 'MAINTAINER m', 'ARG V=1', 'RUN |1 V=1 /s z'],
    ]);
    expect(goQuoted('a\n\u0001é\u200b')).toBe('"a\\n\\x01é\\u200b"');
  });

  it('an operation keeps its configuration', () => {
    const { operations } = testBuild(stageOf('ENV a=1', 'ENV a=2'));
    expect(operations.map(({ config: { Env } }) => Env?.[1])).toEqual(['a=1', 'a=2']);
  });
});
