import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findDocker, type Outcome, runClient, startFakeEngine } from '../../../../tests/support/fake-engine.ts';
import { sampleRoutes } from '../../../../tests/support/sample-engine.ts';
import { runBerth } from '../../../../tests/support/side-by-side.ts';
import { executeTemplate, parse, TEMPLATE_FUNCTIONS, TemplateError } from './index.ts';
import { formats } from './template.cases.ts';
import { goValue, rawValue } from './value.ts';

const GOLDEN = new URL('./template.golden.json', import.meta.url);
const docker = findDocker();

/** What Docker's client 28.2.2 answered; recorded anew by BERTH_RECORD=1 where that client is present. */
async function golden(): Promise<Record<string, Outcome>> {
  if (process.env.BERTH_RECORD !== '1' || !docker) return JSON.parse(readFileSync(GOLDEN, 'utf8'));
  await using engine = await startFakeEngine(sampleRoutes());
  const answers: Record<string, Outcome> = {};
  for (const format of formats) answers[format] = await runClient(engine, [docker], ['ps', '-a', '--format', format]);
  writeFileSync(GOLDEN, `${JSON.stringify(answers, null, 2)}\n`);
  return answers;
}

describe("templates give what Docker's client gives", async () => {
  const expected = await golden();
  it.each(formats)('%s', async (format) => {
    await using engine = await startFakeEngine(sampleRoutes());
    expect(await runBerth(engine, ['ps', '-a', '--format', format])).toEqual(expected[format]);
  });
});

function run(source: string, data: unknown, missingKeyIsError = false): string {
  return executeTemplate(parse(source), rawValue(data), { functions: TEMPLATE_FUNCTIONS, missingKeyIsError });
}

describe('values of decoded JSON', () => {
  it.each([
    ['{{.}}', { b: 1, a: [1, 'x', null, true, { z: 0 }] }, 'map[a:[1 x <nil> true map[z:0]] b:1]'],
    ['{{.x}}', {}, '<no value>'],
    ['{{.x.y}}', {}, '<no value>'],
    ['{{.x}}', { x: null }, '<no value>'],
    ['{{json .}}', { b: '<&>', a: 1.5 }, '{"a":1.5,"b":"<&>"}'],
    ['{{.n}}', { n: 12345678901234567890n }, '12345678901234567890'],
    ['{{range $k, $v := .}}{{$k}}={{$v}};{{end}}', { b: 2, a: 1 }, 'a=1;b=2;'],
    ['{{index . "a" "b"}}', { a: { b: 'deep' } }, 'deep'],
    ['{{len .}}', [1, 2, 3], '3'],
    ['{{.__proto__}}', {}, '<no value>'],
    ['{{.constructor}}', {}, '<no value>'],
    ['{{.a}}', JSON.parse('{"a":{"__proto__":1}}'), 'map[__proto__:1]'],
  ])('%s', (source, data, expected) => expect(run(source, data)).toBe(expected));

  it('refuses missing keys when asked to', () => {
    expect(() => run('{{.x}}', {}, true)).toThrow('map has no entry for key "x"');
  });
});

describe('hostile templates end', () => {
  it.each([
    ['endless recursion', '{{define "a"}}{{template "a"}}{{end}}{{template "a"}}', 'exceeded maximum template depth'],
    ['a huge count', '{{range 1000000000}}x{{end}}', 'too long'],
  ])('%s', (_name, source, message) => {
    expect(() => executeTemplate(parse(source), goValue(''), { functions: TEMPLATE_FUNCTIONS })).toThrow(message);
  });

  it('a width beyond the limit is marked', () => {
    expect(run('{{printf "%1000000000d|%.2000000f" 1 1.5}}', '')).toBe('%!(BADWIDTH)1|%!(BADPREC)1.500000');
  });

  it('thousands of parentheses are an error, not a crash', () => {
    const source = `{{${'('.repeat(100_000)}1${')'.repeat(100_000)}}}`;
    expect(() => parse(source)).toThrow(TemplateError);
  });
});
