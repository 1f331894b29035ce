import { BerthError } from '@berth/kit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkBuild } from './checks/check.ts';
import { KEYWORDS, parseDockerfile } from './parse.ts';
import { LINUX, testBuild } from './test-build.ts';

/** Everything that is done with a file: nothing but our errors may come out, each with a place inside of the file. */
function digest(text: string): void {
  try {
    const dockerfile = parseDockerfile(text);
    checkBuild(dockerfile, { targetPlatform: LINUX, buildPlatform: LINUX });
    testBuild(text, { buildArgs: { x: '$y', y: '"' } });
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== 'invalid') throw error;
    const { line, column } = error.details ?? {};
    expect(Number(line)).toBeGreaterThanOrEqual(1);
    expect(Number(line)).toBeLessThanOrEqual(Math.max(1, text.split('\n').length));
    expect(Number(column)).toBeGreaterThanOrEqual(1);
    expect(error.hint).toContain('--------------------');
  }
}

const word = fc.constantFrom(
  ...[
    'a',
    'b=c',
    '$x',
    '${x:-y}',
    '${x#*',
    '"',
    "'",
    '\\',
    '`',
    '<<EOF',
    '<<-"E"',
    'EOF',
    '[',
    ']',
    '["a"]',
    '["a", 1]',
    '{}',
  ],
  ...[
    '--from=a',
    '--from=0',
    '--mount=type=cache,target=/a',
    '--mount=from=a,target=b',
    '--x',
    '--',
    '--chmod=+x',
    '=',
  ],
  ...[
    'AS',
    'CMD',
    'NONE',
    '/',
    '../..',
    'https://h/a',
    'git@h:r',
    '80',
    '80-90/udp',
    '# c',
    '#',
    '\t',
    '\u2028',
    'ä',
    '\u0000',
  ],
  ...['--interval=1s', '--retries=x', '\\\n', '\\\n\n', '\r\n', '\n', '\n\n', '\ufeff'],
);
const line = fc
  .tuple(
    fc.constantFrom(...KEYWORDS, 'RUM', '# escape=`', '# check=skip=all', 'ONBUILD RUN', ''),
    fc.array(word, { maxLength: 6 }),
  )
  .map(([keyword, words]) => [keyword, ...words].join(' '));
const file = fc.array(line, { maxLength: 8 }).map((lines) => ['FROM a AS a', ...lines].join('\n'));

describe('hostile files', () => {
  it('any text gives instructions or our error', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), digest), {
      numRuns: 400,
    });
  });

  it('anything that looks like a Dockerfile does too', () => {
    fc.assert(fc.property(file, digest), { numRuns: 3000 });
  });

  it('any bytes do too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parseDockerfile(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(BerthError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  const big = 200_000;
  it.each([
    ['spaces', `FROM a\nRUN x${' '.repeat(60_000)}y\n`.repeat(20)],
    ['continuations', `FROM a\nRUN ${'x \\\n'.repeat(big)}y`],
    ['comments', `${'# c\n'.repeat(big)}FROM a\n${'# d\n'.repeat(big)}RUN x`],
    ['blank lines', `FROM a\nRUN x \\\n${'\n'.repeat(big)}y`],
    ['words', `FROM a\nENV ${'a=b \\\n'.repeat(big)}c=d`],
    ['flags', `FROM a\nRUN ${'--mount=type=tmpfs,target=/x \\\n'.repeat(20_000)} y`],
    ['quotes', `FROM a\nLABEL ${`a='b"c' \\\n`.repeat(50_000)}`],
    ['here-documents', `FROM a\nRUN cat ${'<<a \\\n'.repeat(5000)}\n${'a\n'.repeat(5000)}`],
    ['brackets', `FROM a\nRUN ${'['.repeat(60_000)}`],
    ['braces', `FROM a\nENV a=${'${a:-'.repeat(10_000)}`],
    ['dollars', `FROM a\nENV a=${'$'.repeat(60_000)}`],
    ['stages', Array.from({ length: 20_000 }, (_, at) => `FROM a AS s${at}`).join('\n')],
    ['doubling', `FROM a\nENV a=xxxxxxxx\n${'ENV a=$a$a$a$a\n'.repeat(30)}`],
    ['words that never fit', `FROM a\n${'A'.repeat(60_000)} x`],
    ['a mount of commas', `FROM a\nRUN --mount=${','.repeat(60_000)} x`],
    ['a mount of quotes', `FROM a\nRUN --mount='${'"'.repeat(60_000)}' x`],
    ['escapes', `FROM a\nENV a=${'\\'.repeat(60_000)}`],
    ['instructions', `FROM a\n${'ARG a=b\n'.repeat(5000)}`],
    ['variables', `FROM a\n${Array.from({ length: 2000 }, (_, at) => `ENV a${at}=b`).join('\n')}`],
  ])(
    '%s take time in proportion',
    (_name, text) => {
      const started = performance.now();
      digest(text);
      expect(performance.now() - started).toBeLessThan(8000);
    },
    20_000,
  );
});
