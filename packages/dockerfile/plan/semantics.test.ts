import { describe, expect, it } from 'vitest';
import { errorOf, messageOf, testBuild } from '../test-build.ts';
import { goQuoted } from './go-format.ts';
import type { CopyOperation, Operation, RunOperation } from './operations.ts';
import { parsePlatform } from './platform.ts';
import { unusedBuildArgs } from './unused-args.ts';

const isRun = (operation: Operation): operation is RunOperation => operation.kind === 'run';
const isCopy = (operation: Operation): operation is CopyOperation =>
  operation.kind === 'copy' || operation.kind === 'add';
const lines = (...text: string[]) => ['FROM a', ...text].join('\n');
/** What the first RUN sees of names. */
const seen = (text: string, wish: object = {}, base: object = {}) =>
  testBuild(text, wish, base)
    .operations.find(isRun)
    ?.environment.filter((entry) => !entry.startsWith('PATH='));

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

describe('arguments', () => {
  it('ARG/semantics: from its line to the end of the stage; the value passed, else the default; not in the image', () => {
    const { operations, config } = testBuild(lines('RUN echo $A', 'ARG A=1', 'RUN b', 'ARG A=2 B', 'RUN c'), {
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
    expect(seen(lines('ARG A=1', 'ENV A=2', 'RUN x'))).toEqual(['A=2']);
    expect(seen(lines('ENV A=2', 'ARG A=1', 'RUN x'))).toEqual(['A=2']);
    expect(seen(lines('ARG A', 'RUN x'), { buildArgs: { A: '3' } }, { Env: ['A=4'] })).toEqual(['A=4']);
  });

  it('stages built on a stage have its arguments', () => {
    expect(seen('FROM a AS b\nARG A=1\nFROM b\nRUN x')).toEqual(['A=1']);
  });

  it('one without a value is not set', () => {
    expect(seen(lines('ARG A', 'RUN x'))).toEqual([]);
    expect(testBuild(lines('ARG A', 'ENV B=${A-unset}')).config.Env?.[1]).toBe('B=unset');
    expect(testBuild(lines('ARG A', 'ENV B=${A-unset}'), { buildArgs: { A: '' } }).config.Env?.[1]).toBe('B=');
  });

  it('a default that is not used may fail', () => {
    expect(messageOf(() => seen(lines('ARG A="${B:?no B}"', 'RUN x')))).toContain('B: no B');
    expect(seen(lines('ARG A="${B:?no B}"', 'RUN x'), { buildArgs: { A: '1' } })).toEqual(['A=1']);
  });

  it('ARG/rule-1: names that nobody declares are told', () => {
    const buildArgs = { A: '', B: '', C: '', http_proxy: '', BUILDKIT_INLINE_CACHE: '', TARGETARCH: '' };
    const { plan } = testBuild('ARG A\nFROM a\nARG B\nFROM b', { buildArgs, target: '0' });
    expect(unusedBuildArgs(plan)).toEqual(['C']);
  });

  it.each(
    [
      ...['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'FTP_PROXY', 'ftp_proxy', 'NO_PROXY', 'no_proxy'],
      ...['ALL_PROXY', 'all_proxy'],
    ].map((name) => [`args/${name}`, name]),
  )('%s: is there without ARG, and not in history or key', (_row, name) => {
    const proxy = (text: string) => testBuild(text, { buildArgs: { [name]: 'http://p' } }).operations.find(isRun);
    const run = proxy(lines('RUN x'));
    expect(run?.proxies).toContain(`${name}=http://p`);
    expect(run?.created).toBe('RUN /bin/sh -c x');
    expect(run?.args).toEqual([]);
    const declared = proxy(lines(`ARG ${name}`, 'RUN x'));
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
    expect(seen(`FROM a AS end\nRUN x`, wish)).toEqual([]);
    expect(seen(`FROM a AS end\nARG ${name}\nRUN x`, wish)).toEqual([`${name}=${value}`]);
    expect(testBuild(`FROM x$${name} AS end`, wish).plan.target.baseText).toBe(`x${value}`);
    expect(seen(`FROM a AS end\nARG ${name}\nRUN x`, { ...wish, buildArgs: { [name]: 'mine' } })).toEqual([
      `${name}=mine`,
    ]);
  });
});

describe('where variables are replaced', () => {
  const build = (...text: string[]) => testBuild(lines('ENV v=val', ...text));
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
    expect(seen(lines('ENV v=val', 'ARG a=$v-', 'RUN x'))).toEqual(['v=val', 'a=val-']);
  });

  it('expansion/EXPOSE, expansion/rule-7: to words', () => {
    expect(testBuild(lines('ENV p="80 90/udp"', 'EXPOSE $p 100')).config.ExposedPorts).toEqual({
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
    expect(testBuild(lines('ENV s=SIGINT', 'STOPSIGNAL $s')).config.StopSignal).toBe('SIGINT');
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
    expect(testBuild(lines('ENV abc=hello', 'ENV abc=bye def=$abc', 'ENV ghi=$abc')).config.Env?.slice(1)).toEqual([
      'abc=bye',
      'def=hello',
      'ghi=bye',
    ]);
  });
});

describe('what instructions do', () => {
  const config = (...text: string[]) => testBuild(lines(...text)).config;

  it('RUN/rule-2: the key is the command, the arguments declared so far, and ENV', () => {
    const run = (...text: string[]) => testBuild(lines(...text), { buildArgs: { A: '1' } }).operations.find(isRun);
    expect(run('ARG A', 'RUN x')).toMatchObject({ argv: ['/bin/sh', '-c', 'x'], args: [{ name: 'A', value: '1' }] });
    expect(run('RUN x', 'ARG A')?.args).toEqual([]);
  });

  it('CMD/semantics, ENTRYPOINT/semantics: the last counts; ENTRYPOINT drops the CMD of the base', () => {
    const base = { Cmd: ['base'], Entrypoint: ['e'] };
    const of = (...text: string[]) => {
      const { Cmd, Entrypoint } = testBuild(lines(...text), {}, base).config;
      return [Entrypoint, Cmd];
    };
    expect(of('CMD ["a"]', 'CMD b')).toEqual([['e'], ['/bin/sh', '-c', 'b']]);
    expect(of('ENTRYPOINT ["x"]')).toEqual([['x'], null]);
    expect(of('CMD ["a"]', 'ENTRYPOINT x')).toEqual([['/bin/sh', '-c', 'x'], ['a']]);
    expect(of('ENTRYPOINT []')).toEqual([null, null]);
    expect(testBuild('FROM a AS b\nCMD ["a"]\nFROM b\nENTRYPOINT ["x"]').config.Cmd).toBeNull();
  });

  it('SHELL/semantics, default/SHELL: is in front of later shell forms, and stored', () => {
    const { operations, config: image } = testBuild(lines('RUN a', 'SHELL ["/bin/bash","-ec"]', 'RUN b', 'CMD c'));
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
      lines('LABEL a=1 b=2', 'LABEL b=3 __proto__=4'),
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
      testBuild(lines('HEALTHCHECK NONE'), {}, { Healthcheck: { Test: ['CMD', 'x'] } }).config.Healthcheck,
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
    expect(testBuild(lines('MAINTAINER me <x@y>')).author).toBe('me <x@y>');
  });

  it('WORKDIR/semantics, default/WORKDIR: relative ones are below the one before', () => {
    const at = (...text: string[]) => config(...text).WorkingDir;
    expect(at('WORKDIR a')).toBe('/a');
    expect(at('WORKDIR /a', 'WORKDIR b/../c/', 'WORKDIR ./d')).toBe('/a/c/d');
    expect(at('WORKDIR /a', 'WORKDIR ../../..')).toBe('/');
    const { operations } = testBuild(lines('RUN x', 'WORKDIR /w', 'RUN y'));
    expect(operations.filter(isRun).map(({ workdir }) => workdir)).toEqual(['/', '/w']);
  });

  it('COPY/rule-1, COPY/rule-2: a destination is below WORKDIR; a slash at its end stays', () => {
    const to = (destination: string, ...before: string[]) =>
      testBuild(lines(...before, `COPY x ${destination}`)).operations.find(isCopy)?.destination;
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
      testBuild(lines(`ADD ${sources.join(' ')} /x/`))
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
    expect(messageOf(() => testBuild(lines('COPY https://h/a /x')))).toBe("source can't be a URL for COPY");
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
      lines(
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
    const { operations } = testBuild(lines('ENV a=1', 'ENV a=2'));
    expect(operations.map(({ config: { Env } }) => Env?.[1])).toEqual(['a=1', 'a=2']);
  });
});
