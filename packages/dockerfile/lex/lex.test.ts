import { describe, expect, it } from 'vitest';
import { parseDockerfile } from '../parse.ts';
import { errorOf, messageOf, readOnly, testBuild } from '../test-build.ts';

/** Command lines of the RUNs in a file; words in exec form. */
const runs = (text: string) =>
  parseDockerfile(text).instructions.flatMap((instruction): (string | string[])[] => {
    if (instruction.kind !== 'run') return [];
    const { command } = instruction;
    return [command.form === 'shell' ? command.line : command.argv];
  });

describe('lines', () => {
  it('parser-1: keywords in any case', () => {
    expect(parseDockerfile('from a\nRuN x\nCOPY a b').instructions.map(({ kind }) => kind)).toEqual([
      'from',
      'run',
      'copy',
    ]);
  });

  it('parser-2: comments stand on lines of their own, also between continuations; elsewhere # is text', () => {
    expect(runs('# c\n  # c\nFROM a\nRUN x \\\n  # c \\\n# c\n  y # z\nRUN a#b')).toEqual(['x   y # z', 'a#b']);
  });

  it('parser-3: the escape character joins, also before blanks; spaces of the joined line stay', () => {
    expect(runs('FROM a\nRUN x\\\n  y\\ \t\nz')).toEqual(['x  yz']);
    expect(runs('FROM a\nRUN x \\\\\nRUN y')).toEqual(['x \\\\', 'y']);
    expect(runs('FROM a\nRUN x \\')).toEqual(['x']);
    expect(runs('FROM a\nRUN \\\n\\\n x')).toEqual(['x']);
  });

  it('parser-4: blank lines inside of an instruction are skipped and remembered', () => {
    const [run] = readOnly('run', 'RUN x \\', '', '  \\', '   ', '  y');
    expect(run?.command).toEqual({ form: 'shell', line: 'x     y' });
    expect(run?.blankLines).toEqual([3, 5]);
  });

  it('parser-5: leading spaces, a byte order mark and CRLF do no harm', () => {
    expect(runs('\ufeff  FROM a\r\n\tRUN x \\\r\n  y\r\n\r\nRUN z')).toEqual(['x   y', 'z']);
    expect(runs(new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from('\ufeffFROM a\nRUN x')))).toEqual([
      'x',
    ]);
    expect(parseDockerfile(Buffer.from('\ufeffFROM a\nRUN x')).instructions.length).toBe(2);
  });

  it.each([
    ['["a", "b"]', ['a', 'b']],
    [' [ "a" , "\\u0062\\n" ] ', ['a', 'b\n']],
    ["['a']", "['a']"],
    ['["a"] && x', '["a"] && x'],
    ['["a",]', '["a",]'],
    ['["a"', '["a"'],
    ['"a"', '"a"'],
    ['[ -f x ] && y', '[ -f x ] && y'],
  ])('parser-6: %s: exec form or shell form', (line, expected) => {
    expect(runs(`FROM a\nRUN ${line}`)).toEqual([expected]);
  });

  it('parser-7: flags stand first, with quotes removed; a boolean needs no value', () => {
    const [copy] = readOnly(
      'copy',
      'COPY --link --chown="a b" --parents=false --exclude=x --exclude=\'y z\' a --link b',
    );
    expect(copy).toMatchObject({ link: true, chown: 'a b', parents: false, exclude: ['x', 'y z'] });
    expect(copy?.sources.map((source) => source.kind === 'path' && source.path)).toEqual(['a', '--link']);
    const refused = (line: string) => messageOf(() => readOnly('copy', line));
    expect(refused('COPY --form=x a b')).toContain('unknown flag: --form (did you mean from?)');
    expect(refused('COPY --wrong=x a b')).toMatch(/unknown flag: --wrong$/);
    expect(refused('COPY --link=maybe a b')).toContain('expecting boolean value for flag --link, not: maybe');
    expect(refused('COPY --chown a b')).toContain('missing a value on flag: --chown');
    expect(refused('COPY --chown=a --chown=b a b')).toContain('duplicate flag specified: --chown');
  });

  it('parser-8: -- ends the flags', () => {
    expect(runs('FROM a\nRUN --network=none -- --x y')).toEqual(['--x y']);
  });

  it('parser-9: an unknown word is told with line, column and lines, and the nearest keyword', () => {
    const error = errorOf(() => parseDockerfile('FROM a\n\n  cpoy a b\n', 'x/Dockerfile'));
    expect(error.message).toBe('dockerfile parse error on line 3: unknown instruction: cpoy (did you mean copy?)');
    expect(error.details).toEqual({ file: 'x/Dockerfile', line: 3, column: 3 });
    expect(error.hint).toContain('x/Dockerfile:3\n');
    expect(error.hint).toContain('   3 | >>>   cpoy a b\n     |       ^~~~\n');
    expect(messageOf(() => parseDockerfile('FROM a\nMAKE x'))).toMatch(/unknown instruction: MAKE$/);
  });

  it('parser-10: a file needs an instruction, and FROM or ARG first', () => {
    expect(messageOf(() => parseDockerfile(''))).toContain('file with no instructions');
    expect(messageOf(() => parseDockerfile('# x\n\n'))).toContain('file with no instructions');
    expect(messageOf(() => parseDockerfile('RUN x\nFROM a'))).toContain('no build stage in current context');
    expect(messageOf(() => parseDockerfile('ARG x'))).toContain('no stages to build');
  });

  it('parser-11: lines have at most 65,535 bytes', () => {
    expect(runs(`FROM a\nRUN ${'x'.repeat(65_000)}`)[0]?.length).toBe(65_000);
    const long = 'dockerfile line greater than maximum allowed size of 65535';
    expect(messageOf(() => parseDockerfile(`FROM a\nRUN ${'x'.repeat(65_535)}`))).toContain(long);
    expect(messageOf(() => parseDockerfile(`FROM a\nRUN ${'ä'.repeat(33_000)}`))).toContain(long);
    expect(messageOf(() => parseDockerfile(`FROM a\nRUN <<E\n${'x'.repeat(65_536)}\nE`))).toContain(long);
  });

  it('places stay right over continuations', () => {
    const [run] = readOnly('run', 'RUN --network=none \\', '   --mount=type=tmpfs,target=/x \\', '  y');
    expect(run?.span).toEqual({ start: { line: 2, column: 1 }, end: { line: 4, column: 4 } });
    expect(run?.mounts[0]?.span).toEqual({ start: { line: 3, column: 4 }, end: { line: 3, column: 32 } });
  });
});

describe('directives', () => {
  it('directive/syntax: is read in three forms', () => {
    expect(parseDockerfile('# syntax=docker/dockerfile:1.7 x\nFROM a').syntax).toBe('docker/dockerfile:1.7');
    const other = (text: string) => errorOf(() => parseDockerfile(text)).message;
    expect(other('// syntax=a/b\nFROM a')).toContain('unknown instruction: //');
    expect(parseDockerfile('FROM a').syntax).toBeUndefined();
  });

  it('directive/escape: a backtick takes the place of the backslash', () => {
    const text = '# escape=`\nFROM a\nRUN dir c:\\ `\n  x\nENV p=c:\\a`b w=`$x';
    expect(runs(text)).toEqual(['dir c:\\   x']);
    expect(testBuild(text).config.Env?.slice(1)).toEqual(['p=c:\\ab', 'w=$x']);
    expect(messageOf(() => parseDockerfile('# escape=x\nFROM a'))).toContain('invalid escape token');
  });

  it('directive/rule-1: they end at the first line that is none', () => {
    const kept = (...lines: string[]) => parseDockerfile([...lines, 'FROM a'].join('\n')).directives.length;
    expect(kept('# syntax=x', '# escape=`')).toBe(2);
    expect(kept('# a comment', '# escape=`')).toBe(0);
    expect(kept('', '# escape=`')).toBe(0);
    expect(kept('# unknown=x', '# escape=`')).toBe(0);
    expect(parseDockerfile('FROM a\n# escape=`').directives).toEqual([]);
  });

  it('directive/rule-2: names in any case, spaces around =, values as they are', () => {
    expect(parseDockerfile('#  SynTax  =  A/B  \nFROM a').directives).toEqual([
      { name: 'syntax', value: 'A/B', line: 1 },
    ]);
  });

  it('directive/rule-3: one that comes twice is an error', () => {
    const error = errorOf(() => parseDockerfile('# escape=`\n# escape=\\\nFROM a'));
    expect(error.message).toBe('dockerfile parse error on line 2: only one escape parser directive can be used');
  });

  it('directive/rule-4: they are not continued', () => {
    const { directives } = parseDockerfile('# syntax=a\\\nFROM b');
    expect(directives).toEqual([{ name: 'syntax', value: 'a\\', line: 1 }]);
  });

  it('directive/rule-5: a first line of #! is skipped', () => {
    expect(parseDockerfile('#!/usr/bin/env x\n# syntax=a\nFROM b').syntax).toBe('a');
  });
});

describe('here-documents', () => {
  const inline = (...lines: string[]) => {
    const { operations } = testBuild(`FROM a\nENV v=1\n${lines.join('\n')}`);
    return operations.flatMap((operation) =>
      operation.kind === 'copy' || operation.kind === 'add'
        ? operation.sources.map((source) => (source.kind === 'inline' ? [source.name, source.text] : source.kind))
        : [],
    );
  };

  it('heredoc/RUN: reads up to the word on a line of its own', () => {
    const [run, next] = readOnly('run', 'RUN <<EOF', '  EOF', 'x EOF', 'EOF', 'RUN y');
    expect(run?.heredocs[0]?.body).toBe('  EOF\nx EOF\n');
    expect(run?.span.end.line).toBe(5);
    expect(next?.command).toEqual({ form: 'shell', line: 'y' });
  });

  it('heredoc/rule-1, heredoc/COPY: variables are replaced; RUN leaves them to the shell', () => {
    expect(inline('COPY <<EOF /x', '$v "${v}" \\$v \'$v\'', 'EOF')).toEqual([['EOF', '1 "1" $v \'1\'\n']]);
    const { operations } = testBuild('FROM a\nENV v=1\nRUN <<EOF\necho $v\nEOF');
    expect(operations[1]).toMatchObject({ argv: ['/bin/sh', '-c', 'echo $v\n'] });
  });

  it('heredoc/rule-2, heredoc/ADD: quotes around the word, or a part of it, leave variables alone', () => {
    for (const word of [`'EOF'`, `"EOF"`, 'E"O"F', '\\EOF']) {
      expect(inline(`ADD <<${word} /x`, '$v', 'EOF')).toEqual([['EOF', '$v\n']]);
    }
  });

  it('heredoc/rule-3: with - tabs are cut, also before the word', () => {
    expect(inline('COPY <<-EOF /x', '\t\ta\t$v', ' \tb', '\tEOF')).toEqual([['EOF', 'a\t1\n \tb\n']]);
  });

  it('heredoc/rule-4: several are read in order', () => {
    expect(inline('COPY <<one <<two b /x/', '1', 'one', '2', 'two')).toEqual([['one', '1\n'], ['two', '2\n'], 'path']);
  });

  it('heredoc/rule-5: alone it is the script; #! names what runs it; else the shell reads it', () => {
    const argv = (...lines: string[]) => {
      const [operation] = testBuild(`FROM a\n${lines.join('\n')}`).operations;
      return operation?.kind === 'run' ? { argv: operation.argv, script: operation.script } : undefined;
    };
    expect(argv('RUN <<EOF', 'a', 'b', 'EOF')).toEqual({ argv: ['/bin/sh', '-c', 'a\nb\n'], script: undefined });
    expect(argv('RUN <<-EOF', '\ta', 'EOF')?.argv[2]).toBe('a\n');
    expect(argv('RUN <<EOF', '#!/usr/bin/python3', 'x', 'EOF')).toEqual({
      argv: ['/dev/pipes/EOF'],
      script: { path: '/dev/pipes/EOF', text: '#!/usr/bin/python3\nx\n' },
    });
    expect(argv('RUN cat <<EOF > /x', 'a', 'EOF')?.argv[2]).toBe('cat <<EOF > /x\na\nEOF');
    expect(argv('RUN <<A cat && <<B cat', 'a', 'A', 'b', 'B')?.argv[2]).toBe('<<A cat && <<B cat\na\nA\nb\nB');
  });

  it('heredoc/rule-7: none in exec form, and none as a destination', () => {
    expect(runs('FROM a\nRUN ["x", "<<EOF"]')).toEqual([['x', '<<EOF']]);
    expect(messageOf(() => inline('COPY <<A <<B', 'A', 'B'))).toContain(
      'COPY cannot accept a heredoc as a destination',
    );
  });

  it('heredoc/rule-8: one without its end is an error at the instruction', () => {
    const error = errorOf(() => parseDockerfile('FROM a\nRUN <<EOF\nx'));
    expect(error.message).toBe('dockerfile parse error on line 2: unterminated heredoc');
  });

  it('heredoc/rule-9: a number before it is a file descriptor', () => {
    expect(readOnly('run', 'RUN 3<<EOF cat <&3', 'EOF')[0]?.heredocs[0]?.descriptor).toBe(3);
  });

  it('heredoc/ONBUILD: is stored with its body and read again in the child', () => {
    const stored = testBuild('FROM a\nONBUILD COPY <<EOF /x\n$v\nEOF').config.OnBuild;
    expect(stored).toEqual(['COPY <<EOF /x\n$v\nEOF']);
    const { operations } = testBuild('FROM a', {}, { OnBuild: stored ?? [], Env: ['v=7'] });
    expect(operations[0]).toMatchObject({ kind: 'copy', trigger: true, sources: [{ name: 'EOF', text: '7\n' }] });
  });

  it('arithmetic and here-strings of a shell are none', () => {
    expect(runs('FROM a\nRUN echo $((1<<2))\nRUN cat <<< x')).toEqual(['echo $((1<<2))', 'cat <<< x']);
  });
});
