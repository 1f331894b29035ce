import {
  checkBuild,
  describeFinding,
  type IgnoreRules,
  parseDockerfile,
  planBuild,
  violationError,
} from '@berth/dockerfile';
import { type BerthError, describeError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import type { FlagValues } from '../../flags/values.ts';
import { alignTabs } from '../../render/tabwriter.ts';
import { knownBases } from './read/bases.ts';
import { dockerfileText } from './read/dockerfile-text.ts';
import { outline, targets } from './read/outline.ts';
import { buildWish } from './read/wish.ts';
import { openSource } from './source/open.ts';

interface Call {
  call: string;
  spec: string;
  flags: FlagValues;
}

/** `--call` and `--check`: what is told of a Dockerfile without building it. Resolves to the exit code. */
export async function callBuild(context: Context, { call, spec, flags }: Call): Promise<number> {
  const [method = '', ...options] = call.split(',');
  if (!['check', 'lint', 'outline', 'targets'].includes(method))
    throw new CliError(`failed to solve: unknown subrequest ${JSON.stringify(method)}`);
  const json = isJson(call, method, options);
  const source = await openSource(context, spec, flags.string('file'));
  try {
    const { name, text } = dockerfileText(source);
    const wish = buildWish(flags, context);
    if (method === 'check' || method === 'lint') {
      const ignore = source.kind === 'directory' ? source.ignore : undefined;
      return await check(context, { name, text, wish, ignore, json });
    }
    const plan = planBuild(parseDockerfile(text, name), wish);
    context.out.write(`${alignTabs(method === 'outline' ? outline(plan) : targets(plan))}\n`);
    return 0;
  } catch (error) {
    throw error instanceof CliError
      ? error
      : new CliError(`ERROR: failed to build: failed to solve: ${describeError(error)}`);
  } finally {
    await source.dispose();
  }
}

/** Whether the options of `--call=METHOD,format=json` ask for JSON. Throws CliError for others. */
function isJson(call: string, method: string, options: readonly string[]): boolean {
  const other = options.find((option) => option !== 'format=json' && option !== 'format=text');
  if (other !== undefined)
    throw new CliError(`invalid value for --call: ${other} is not supported, only format=json and format=text`);
  const json = options.at(-1) === 'format=json';
  if (json && method !== 'check' && method !== 'lint')
    throw new CliError(`--call=${call}: format=json is only there for check`);
  return json;
}

interface Check {
  name: string;
  text: Buffer;
  wish: ReturnType<typeof buildWish>;
  ignore: IgnoreRules | undefined;
  json: boolean;
}

async function check(context: Context, { name, text, wish, ignore, json }: Check): Promise<number> {
  const dockerfile = parseDockerfile(text, name);
  const bases = await knownBases(
    context,
    planOrNothing(() => planBuild(dockerfile, wish)),
  );
  const report = checkBuild(dockerfile, wish, {
    ...(ignore && { ignore }),
    base: (stage) => bases.get(stage.baseText),
  });
  const { findings, error } = report;
  if (json)
    context.out.write(
      `${JSON.stringify({ warnings: findings.map(warningOf), ...(error && { buildError: errorOf(error) }) }, null, 2)}\n`,
    );
  else {
    const count = findings.length;
    if (error) context.err.write(`ERROR: failed to build: failed to solve: ${describeError(error)}\n`);
    const summary =
      count === 0
        ? 'no warnings found.'
        : count === 1
          ? '1 warning has been found!'
          : `${count} warnings have been found!`;
    context.out.write(error && count === 0 ? '' : `Check complete, ${summary}\n`);
    for (const one of findings) context.out.write(`\n${describeFinding(one).trimEnd()}\n`);
    if (report.fails) context.err.write(`ERROR: ${violationError(report).message}\n`);
  }
  return findings.length > 0 || error ? 1 : 0;
}

/** What cannot be planned is told by the checks. */
function planOrNothing<T>(plan: () => T): T | undefined {
  try {
    return plan();
  } catch {
    return undefined;
  }
}

function warningOf({ rule, message, span, source }: ReturnType<typeof checkBuild>['findings'][number]) {
  const place = ({ line, column }: { line: number; column: number }) => ({ line, character: column - 1 });
  return {
    ruleName: rule.name,
    description: rule.description,
    url: rule.url,
    detail: message,
    location: { file: source.name, ranges: [{ start: place(span.start), end: place(span.end) }] },
  };
}

const errorOf = ({ message, details }: BerthError) => ({ message, ...details });
