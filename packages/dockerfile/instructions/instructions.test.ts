import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InstructionKind } from '../model.ts';
import { parseDockerfile } from '../parse.ts';
import { messageOf, readOnly } from '../test-build.ts';
import { splitCsv } from './csv.ts';
import { parseDuration } from './duration.ts';
import { type Mount, resolveMount } from './mount.ts';

/** The first instruction of a kind, without what all have. */
function read(kind: InstructionKind, line: string) {
  const [found] = readOnly(kind, line);
  if (found === undefined) throw new Error(`no ${kind}`);
  const { source, span, keyword, text, heredocs, comments, blankLines, line: joined, ...rest } = found;
  return rest;
}

const refused = (...lines: string[]) => messageOf(() => parseDockerfile(['FROM a', ...lines].join('\n')));

describe('FROM', () => {
  it('FROM/form-1, FROM/--platform: image, name and platform', () => {
    const [from] = readOnly('from', 'FROM --platform=$BUILDPLATFORM r:5000/a/b:1@sha256:0 AS Name').slice(1);
    expect(from).toMatchObject({
      image: 'r:5000/a/b:1@sha256:0',
      name: 'name',
      nameAsWritten: 'Name',
      platform: '$BUILDPLATFORM',
    });
    expect(from?.imageSpan).toEqual({ start: { line: 2, column: 32 }, end: { line: 2, column: 53 } });
  });

  it('FROM/rule-1: one or three arguments; AS in any case', () => {
    expect(readOnly('from', 'FROM a aS b')[1]?.name).toBe('b');
    for (const line of ['FROM', 'FROM a b', 'FROM a AS', 'FROM a AS b c', 'FROM a IS b']) {
      expect(refused(line)).toContain('FROM requires either one or three arguments');
    }
  });

  it('FROM/rule-2: names of stages', () => {
    for (const name of ['a', 'A', 'a-b_c.9']) expect(readOnly('from', `FROM x AS ${name}`).length).toBe(2);
    for (const name of ['9', '-a', 'a/b', 'ä', 'a$b']) {
      expect(refused(`FROM x AS ${name}`)).toContain(`invalid name for build stage: ${JSON.stringify(name)}`);
    }
  });
});

describe('commands', () => {
  it('RUN/form-1, CMD/form-3, ENTRYPOINT/form-2: a line for the shell, as it is', () => {
    for (const kind of ['run', 'cmd', 'entrypoint'] as const) {
      const command = { form: 'shell', line: `echo  "$x"  'y' \\z` };
      expect(read(kind, `${kind} echo  "$x"  'y' \\z  `)).toMatchObject({ command });
    }
  });

  it('RUN/form-2, CMD/form-1, CMD/form-2, ENTRYPOINT/form-1: words that are executed', () => {
    for (const kind of ['run', 'cmd', 'entrypoint'] as const) {
      const command = { form: 'exec', argv: ['a b', '$x', ''] };
      expect(read(kind, `${kind} ["a b","$x",""]`)).toMatchObject({ command });
    }
    expect(read('cmd', 'CMD []')).toMatchObject({ command: { form: 'exec', argv: [] } });
    expect(refused('CMD ["a", 1]')).toContain('arrays must be comprised of strings only');
    expect(refused('RUN')).toContain('RUN requires at least one argument');
  });

  it('RUN/form-3: bodies come with the instruction', () => {
    const [run] = readOnly('run', 'RUN <<A cat', 'x', 'A');
    expect(run?.heredocs.map(({ name, body }) => [name, body])).toEqual([['A', 'x\n']]);
  });

  it('RUN/--network: default, none or host', () => {
    expect(read('run', 'RUN --network=none x')).toMatchObject({ network: 'none' });
    expect(refused('RUN --network=nome x')).toContain('unsupported network mode "nome" (did you mean none?)');
  });

  it('RUN/--security: sandbox or insecure', () => {
    expect(read('run', 'RUN --security=insecure x')).toMatchObject({ security: 'insecure' });
    expect(refused('RUN --security=none x')).toContain('security "none" is not valid');
  });

  it('RUN/--device: a name, and whether it must be there', () => {
    const { devices } = readOnly('run', 'RUN --device=vendor/class=a --device=name=b,required x')[0] ?? {};
    expect(devices).toEqual([
      { name: 'vendor/class=a', required: false },
      { name: 'b', required: true },
    ]);
    expect(refused('RUN --device=name=a,requird x')).toContain("unexpected key 'requird'");
  });

  it('SHELL/form-1: exec form only', () => {
    expect(read('shell', 'SHELL ["/bin/bash", "-c"]')).toMatchObject({ argv: ['/bin/bash', '-c'] });
    expect(refused('SHELL /bin/sh -c')).toContain('SHELL requires the arguments to be in JSON form');
    expect(refused('SHELL []')).toContain('SHELL requires at least one argument');
  });
});

describe('mounts', () => {
  const mount = (text: string): Partial<Mount> => {
    const read = resolveMount(text, (name) => (name === 'x' ? 'value' : undefined), '\\');
    return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined && value !== false));
  };
  const wrong = (text: string) => messageOf(() => resolveMount(text, () => undefined, '\\'));

  it('RUN/--mount: comes as often as wanted, and is checked where it stands', () => {
    const [run] = readOnly('run', 'RUN --mount=type=tmpfs,target=/a --mount=target=/b,from=c d');
    expect(run?.mounts.map(({ text, from }) => [text, from])).toEqual([
      ['type=tmpfs,target=/a', undefined],
      ['target=/b,from=c', 'c'],
    ]);
    expect(refused('RUN --mount=type=cach,target=/a b')).toContain(
      'unsupported mount type "cach" (did you mean cache?)',
    );
  });

  it('mount/syntax: keys in any case, CSV quotes, bare words, variables in every value', () => {
    expect(mount('Type=Cache,"Target=/a,b",ID=$x,readonly')).toEqual({
      type: 'cache',
      target: '/a,b',
      id: 'value',
      readonly: true,
    });
    expect(wrong('target=/a,sourc=b')).toBe("unexpected key 'sourc' in 'sourc=b' (did you mean source?)");
    expect(wrong('target=/a,foo')).toBe("invalid field 'foo' must be a key=value pair");
    expect(wrong('target="/a')).toContain('failed to parse csv mounts');
    expect(wrong('target=/a,ro=maybe')).toBe('invalid value for ro: maybe');
  });

  it('binds are read-only unless said otherwise; other types know other keys', () => {
    expect(mount('source=a,dst=/b,from=c')).toEqual({
      type: 'bind',
      from: 'c',
      source: 'a',
      target: '/b',
      readonly: true,
    });
    expect(mount('src=a,destination=/b,rw')).toEqual({ type: 'bind', source: 'a', target: '/b' });
    expect(mount('target=/b,readwrite=true,ro')).toMatchObject({ readonly: true });
    expect(wrong('source=a')).toBe('bind mount requires a target');
    expect(wrong('target=/a,mode=0700')).toBe('mode not allowed for "bind" type mounts');
    expect(wrong('target=/a,sharing=locked')).toBe('invalid cache sharing set for bind mount');
    expect(wrong('target=/a,size=1m')).toBe("unexpected key 'size' for mount type 'bind'");
  });

  it('caches, tmpfs, secrets and agents', () => {
    expect(mount('type=cache,target=/a,id=b,sharing=locked,mode=0700,uid=1,gid=2,from=c,source=d')).toEqual({
      ...{ type: 'cache', target: '/a', id: 'b', sharing: 'locked', mode: 0o700, uid: 1, gid: 2 },
      ...{ from: 'c', source: 'd' },
    });
    expect(wrong('type=cache,target=/a,sharing=own')).toContain('unsupported sharing value "own"');
    expect(mount('type=tmpfs,target=/a,size=64m')).toEqual({ type: 'tmpfs', target: '/a', size: 64 * 1024 ** 2 });
    expect(wrong('type=tmpfs,target=/a,size=x')).toBe('invalid value for size: x');
    expect(mount('type=secret,id=a,env=B,required')).toMatchObject({
      type: 'secret',
      id: 'a',
      env: 'B',
      required: true,
    });
    expect(wrong('type=secret')).toBe('invalid secret mount. one of source, target required');
    expect(wrong('type=secret,id=a,source=b')).toBe("both source and id can't be set");
    expect(wrong('type=secret,id=a,from=b')).toBe('secret mount should not have a from');
    expect(mount('type=ssh,mode=0666,required=1')).toMatchObject({ type: 'ssh', mode: 0o666, required: true });
    expect(wrong('type=ssh,uid=x')).toBe('invalid value x for uid');
    expect(wrong('type=cache,target=/a,required')).toBe("unexpected key 'required' for mount type 'cache'");
  });

  it('expansion/not-in-3: from has no variables', () => {
    expect(refused('RUN --mount=from=$x,target=/a b')).toContain("'from' doesn't support variable expansion");
  });

  it('CSV is read as Go reads it', () => {
    expect(splitCsv('a,"b,""c""",')).toEqual(['a', 'b,"c"', '']);
    expect(splitCsv('a"b')).toContain('bare "');
    expect(splitCsv('"a"b')).toContain('extraneous or missing "');
    fc.assert(
      fc.property(fc.string(), (text) =>
        [typeof splitCsv(text)].every((type) => type === 'string' || type === 'object'),
      ),
    );
  });
});

describe('COPY and ADD', () => {
  it('COPY/form-1, ADD/form-1: sources and a destination between blanks', () => {
    for (const kind of ['copy', 'add'] as const) {
      const found = readOnly(kind, `${kind} a\t'b  c /d`)[0];
      expect(found?.sources.map((source) => source.kind === 'path' && source.path)).toEqual(['a', "'b", 'c']);
      expect(found?.destination).toBe('/d');
    }
    expect(refused('COPY a')).toContain('COPY requires at least two arguments, but only one was provided');
    expect(refused('ADD')).toContain('ADD requires at least two arguments');
  });

  it('COPY/form-2, ADD/form-2: as JSON, with spaces in names', () => {
    expect(readOnly('copy', 'COPY ["a b", "c d/"]')[0]).toMatchObject({
      sources: [{ path: 'a b' }],
      destination: 'c d/',
    });
    expect(readOnly('add', 'ADD --chown=1:2 [ "a b", "c" ]')[0]).toMatchObject({ chown: '1:2', destination: 'c' });
  });

  it('COPY/form-3, ADD/form-3: bodies instead of sources', () => {
    for (const kind of ['copy', 'add'] as const) {
      const [found] = readOnly(kind, `${kind} <<a <<b /c/`, '1', 'a', '2', 'b');
      expect(found?.sources.map((source) => source.kind === 'inline' && source.heredoc.body)).toEqual(['1\n', '2\n']);
    }
  });

  it('reads every flag', () => {
    const flags = '--chown=a:b --chmod=u+x --link --exclude=c --exclude=d';
    const shared = { chown: 'a:b', chmod: 'u+x', link: true, exclude: ['c', 'd'] };
    expect(readOnly('copy', `COPY ${flags} --from=e --parents x y`)[0]).toMatchObject({
      ...shared,
      from: 'e',
      parents: true,
    });
    expect(readOnly('add', `ADD ${flags} --checksum=sha256:0 --keep-git-dir --unpack=false x y`)[0]).toMatchObject({
      ...shared,
      checksum: 'sha256:0',
      keepGitDir: true,
      unpack: false,
    });
    expect(readOnly('add', 'ADD x y')[0]?.unpack).toBeUndefined();
    expect(refused('ADD --from=a b c')).toContain('unknown flag: --from');
    expect(refused('COPY --checksum=a b c')).toContain('unknown flag: --checksum');
  });

  it('expansion/not-in-2: --from has no variables', () => {
    expect(refused('COPY --from=$x a b')).toContain('variable expansion is not supported for --from');
  });
});

describe('names and values', () => {
  const pairs = (line: string) =>
    readOnly(line.startsWith('ENV') ? 'env' : 'label', line)[0]?.pairs.map(({ name, value }) => [name, value]);

  it('ENV/form-1, LABEL/form-1: several pairs; quotes and escapes stay for later', () => {
    for (const word of ['ENV', 'LABEL']) {
      expect(pairs(`${word} a=b c="d e" f=g\\ h i= "j k"='l m'`)).toEqual([
        ['a', 'b'],
        ['c', '"d e"'],
        ['f', 'g\\ h'],
        ['i', ''],
        ['"j k"', "'l m'"],
      ]);
    }
    expect(refused('ENV a=b c')).toContain(`Syntax error - can't find = in "c". Must be of the form: name=value`);
    expect(refused('ENV =b')).toContain('ENV names can not be blank');
    expect(refused('LABEL')).toContain('LABEL requires at least one argument');
  });

  it('ENV/form-2, LABEL/form-2: one pair with a blank, the rest of the line is the value', () => {
    for (const word of ['ENV', 'LABEL']) expect(pairs(`${word} a  b =c  d`)).toEqual([['a', 'b =c  d']]);
    expect(refused('ENV a')).toContain('ENV must have two arguments');
  });

  it('ARG/form-1: names with or without defaults', () => {
    const [arg] = readOnly('arg', 'ARG a b=c d="e f" g=');
    expect(arg?.args.map(({ name, value }) => [name, value])).toEqual([
      ['a', undefined],
      ['b', 'c'],
      ['d', '"e f"'],
      ['g', ''],
    ]);
    expect(refused('ARG =a')).toContain('ARG names can not be blank');
    expect(refused('ARG')).toContain('ARG requires at least one argument');
  });
});

describe('the others', () => {
  it('EXPOSE/form-1, VOLUME/form-1, VOLUME/form-2: lists', () => {
    expect(read('expose', 'EXPOSE 80  90/udp 100-102')).toMatchObject({ ports: ['80', '90/udp', '100-102'] });
    expect(read('volume', 'VOLUME /a /b')).toMatchObject({ paths: ['/a', '/b'] });
    expect(read('volume', 'VOLUME ["/a b"]')).toMatchObject({ paths: ['/a b'] });
    expect(refused('EXPOSE')).toContain('EXPOSE requires at least one argument');
    expect(refused('VOLUME ["a", ""]')).toContain('VOLUME specified can not be an empty string');
  });

  it('USER/form-1, WORKDIR/form-1, STOPSIGNAL/form-1, MAINTAINER/form-1: the whole line', () => {
    for (const kind of ['user', 'workdir', 'stopsignal', 'maintainer'] as const) {
      expect(read(kind, `${kind}  a b `)).toMatchObject({ value: 'a b' });
      expect(refused(kind)).toContain(`${kind.toUpperCase()} requires exactly one argument`);
    }
  });

  it('HEALTHCHECK/form-1, HEALTHCHECK/form-2, HEALTHCHECK/form-3: a command or none', () => {
    expect(read('healthcheck', 'HEALTHCHECK CMD a  b')).toMatchObject({ check: { command: { line: 'a  b' } } });
    expect(read('healthcheck', 'HEALTHCHECK cmd ["a"]')).toMatchObject({ check: { command: { argv: ['a'] } } });
    expect(read('healthcheck', 'HEALTHCHECK NONE')).toEqual({ kind: 'healthcheck', check: undefined });
    expect(refused('HEALTHCHECK NONE x')).toContain('HEALTHCHECK NONE takes no arguments');
    expect(refused('HEALTHCHECK CMD')).toContain('Missing command after HEALTHCHECK CMD');
    expect(refused('HEALTHCHECK curl x')).toContain('Unknown type "CURL" in HEALTHCHECK (try CMD)');
  });

  it('HEALTHCHECK/--interval, HEALTHCHECK/--timeout, HEALTHCHECK/--start-period, HEALTHCHECK/--start-interval, HEALTHCHECK/--retries: are read', () => {
    const flags = '--interval=1h30m --timeout=500ms --start-period=0s --start-interval=1.5s --retries=3';
    expect(read('healthcheck', `HEALTHCHECK ${flags} CMD a`)).toMatchObject({
      check: { interval: 5400e9, timeout: 500e6, startPeriod: 0, startInterval: 1.5e9, retries: 3 },
    });
    expect(refused('HEALTHCHECK --retries=-1 CMD a')).toContain('--retries cannot be negative (-1)');
    expect(refused('HEALTHCHECK --retries=x CMD a')).toContain('invalid syntax');
  });

  it('HEALTHCHECK/rule-1: durations as Go has them, of at least 1ms', () => {
    expect(['0', '1us', '2h3m4.5s', '.5s', '-1s', '1', '1x', '', 's'].map(parseDuration)).toEqual([
      ...[0, 1e3, 7384.5e9, 0.5e9, -1e9],
      ...[undefined, undefined, undefined, undefined],
    ]);
    expect(refused('HEALTHCHECK --interval=1us CMD a')).toContain('Interval "interval" cannot be less than 1ms');
    expect(refused('HEALTHCHECK --timeout=1 CMD a')).toContain('time: invalid duration "1"');
  });

  it('ONBUILD/form-1: any instruction but three, checked at once', () => {
    expect(read('onbuild', 'ONBUILD  copy --chown=1 a b')).toMatchObject({
      expression: 'copy --chown=1 a b',
      inner: { kind: 'copy', chown: '1' },
    });
    expect(refused('ONBUILD ONBUILD RUN x')).toContain("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    expect(refused('ONBUILD FROM x')).toContain("FROM isn't allowed as an ONBUILD trigger");
    expect(refused('ONBUILD maintainer x')).toContain("MAINTAINER isn't allowed as an ONBUILD trigger");
    expect(refused('ONBUILD RUM x')).toContain('unknown instruction: RUM (did you mean RUN?)');
    expect(refused('ONBUILD')).toContain('ONBUILD requires at least one argument');
  });

  it('flags where none are known are refused', () => {
    for (const line of [
      'ENV --x a=b',
      'WORKDIR --x=1 /a',
      'FROM --y b',
      'CMD --z x',
      'ARG --q a',
      'ONBUILD --r RUN x',
    ]) {
      expect(refused(line)).toMatch(/unknown flag: --[xyzqr]/);
    }
  });
});
