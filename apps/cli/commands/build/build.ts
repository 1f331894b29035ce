import { type Query, startBuild } from '@berth/client';
import type { BuildSessionBody } from '@berth/contract';
import { CliError } from '../../cli-error.ts';
import type { Command, Parsed } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { FlagValues } from '../../flags/values.ts';
import { refuseContentTrust } from '../image/content-trust.ts';
import { BUILD_FLAGS } from './flags.ts';
import { onInterrupt } from './on-interrupt.ts';
import { type Outputs, readOutputs } from './request/outputs.ts';
import { buildQuery } from './request/query.ts';
import { refuseUnsupported } from './request/refuse.ts';
import { registryConfig } from './request/registries.ts';
import { openSession, sessionBody } from './request/session.ts';
import type { SshAgents } from './request/ssh.ts';
import { type Shipment, type ShipOptions, shipContext } from './ship.ts';
import { compressed } from './source/compressed.ts';
import { openSource } from './source/open.ts';
import type { Source } from './source/source.ts';
import { type BuildResult, feedView, readQuietly, showClassic } from './stream.ts';
import { contextStep } from './views/context-step.ts';
import { progressMode } from './views/mode.ts';
import { openView, type ProgressMode } from './views/view.ts';

export const command: Command = {
  usage: '[OPTIONS] PATH | URL | -',
  flags: BUILD_FLAGS,
  // `build context --list PATH` has two; `run` counts the others.
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(context, parsed) {
    const { flags } = parsed;
    if (flags.bool('list')) return (await import('./list-context.ts')).listContext(context, parsed);
    if (flags.bool('why')) throw new CliError('--why needs --list');
    const spec = onlyArgument(parsed, context);
    refuseContentTrust(flags, context);
    refuseUnsupported(flags);
    const call = flags.bool('check') ? 'check' : flags.string('call');
    if (call !== 'build') return (await import('./call.ts')).callBuild(context, { call, spec, flags });
    const mode = progressMode(flags, context);
    const outputs = readOutputs(flags, context.out.isTerminal);
    const agents = flags.list('ssh').length
      ? await (await import('./request/ssh.ts')).openAgents(flags.list('ssh'), context)
      : NO_AGENTS;
    let source: Source | undefined;
    const forget = onInterrupt(() => {
      agents.close();
      void source?.dispose();
    });
    try {
      const body = sessionBody(flags, context, agents);
      const directories = body.cacheTo ? (await import('./request/caches.ts')).takeCacheDirectories(body) : [];
      source = await openSource(context, spec, flags.string('file'), { keepGitDir: keepsGitDir(flags) });
      const result = await build(context, { flags, mode, outputs, agents, body, source });
      if (directories.length > 0)
        await (await import('./request/caches.ts')).writeCaches(context, directories, result.caches);
      await (await import('./finish.ts')).finishBuild(context, { flags, outputs, image: result.image });
      return 0;
    } finally {
      forget();
      agents.close();
      await source?.dispose();
    }
  },
};

function keepsGitDir(flags: FlagValues): boolean {
  return flags.list('build-arg').some((text) => /^BUILDKIT_CONTEXT_KEEP_GIT_DIR=(?:1|t|true)$/i.test(text));
}

const FILES_ALONE: ReadonlySet<string> = new Set(['local', 'tar', 'cacheonly']);
const NO_AGENTS: SshAgents = { ids: [], join: async () => {}, close: () => {} };

function onlyArgument({ args, invoked }: Parsed, { programName }: Context): string {
  if (args.length === 1) return args[0] ?? '';
  throw new CliError(
    `${programName}: '${invoked}' requires 1 argument\n\nUsage:  ${invoked} ${command.usage}\n\nRun '${invoked} --help' for more information`,
  );
}

interface Work {
  flags: FlagValues;
  mode: ProgressMode;
  outputs: Outputs;
  agents: SshAgents;
  body: BuildSessionBody;
  source: Source;
}

function build(context: Context, work: Work): Promise<BuildResult> {
  if (work.mode === 'classic') return buildClassic(context, work);
  if (work.mode === 'quiet' || work.mode === 'none') return buildQuietly(context, work);
  return buildInView(context, work, work.mode);
}

async function buildClassic(context: Context, work: Work): Promise<BuildResult> {
  const { counted, sendingLine } = await import('./views/sending-line.ts');
  const line = sendingLine(context.out);
  const shipment = await ship(context, work, {});
  // What was sent ahead is told as the archive that it stands for.
  if (!shipment.body && shipment.size !== undefined) line.end(shipment.size);
  const response = await start(context, work, { shipment, watch: (body) => counted(body, line) });
  const result = await showClassic(response, context.out);
  await explain(context, work, result);
  return result;
}

async function buildQuietly(context: Context, work: Work): Promise<BuildResult> {
  const response = await start(context, work, { shipment: await ship(context, work, {}), query: { q: 1 } });
  const result = await readQuietly(response);
  if (work.mode === 'quiet') context.out.write(result.text);
  await explain(context, work, result);
  return result;
}

async function buildInView(
  context: Context,
  work: Work,
  mode: Exclude<ProgressMode, 'classic' | 'quiet' | 'none'>,
): Promise<BuildResult> {
  const view = await openView(mode, context);
  try {
    const step = contextStep(view);
    const shipment = await ship(context, work, { onSent: step.sent });
    if (!shipment.body) step.end(shipment.sent);
    work.body.progress = true;
    const result = await feedView(await start(context, work, { shipment, watch: step.counted }), view);
    view.end();
    await explain(context, work, result);
    return result;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    view.end(why);
    if (error instanceof CliError) throw new CliError(`ERROR: failed to build: ${why}`, error.exitCode);
    throw error;
  }
}

async function explain(context: Context, { flags }: Work, { explanations }: BuildResult): Promise<void> {
  if (!flags.bool('explain')) return;
  const { explanationText } = await import('./explain.ts');
  context.err.write(explanationText(explanations));
}

async function ship(context: Context, work: Work, options: { onSent?: (bytes: number) => void }): Promise<Shipment> {
  return shipContext(context, work.source, {
    ...options,
    sessions: true,
    // The classic view tells the size of all of it.
    ...(work.mode !== 'classic' && { wanted: wantedOf(context, work) }),
  });
}

interface Start {
  shipment: Shipment;
  /** Sees a context that goes along with the build pass. */
  watch?: (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
  query?: Query;
}

/** What of a large context the build can ask for; reading the Dockerfile is left until that is of use. */
function wantedOf(context: Context, { flags }: Work): ShipOptions['wanted'] {
  return async (source) => (await import('./read/wanted.ts')).wantedPaths(context, source, flags);
}

/** Opens a session where one is needed, and the build. */
async function start(context: Context, work: Work, how: Start) {
  const { flags, agents, body, outputs } = work;
  let { shipment } = how;
  const named = flags.list('build-context');
  if (named.length) body.namedContexts = await (await import('./source/named.ts')).shipNamed(context, named);
  if (body.cacheFrom) await (await import('./request/caches.ts')).shipCaches(context, body);
  if (shipment.contextId !== undefined) body.context = shipment.contextId;
  if (shipment.text !== undefined) body.dockerfile = shipment.text;
  if (flags.bool('explain')) body.progress = true;
  // An archive of the image has its names; files alone have none.
  if (outputs.outputs.every(({ type }) => FILES_ALONE.has(type))) body.untagged = true;
  const session = Object.keys(body).length
    ? await openSession(context, body, { explain: flags.bool('explain') })
    : undefined;
  if (session !== undefined) await agents.join(context.client, session);
  else if (shipment.text !== undefined) shipment = await shipContext(context, work.source, { sessions: false });
  const query = buildQuery(flags, context, shipment.dockerfile);
  const tags = [...flags.list('tag'), ...outputs.names];
  return startBuild(
    context.client,
    // Only our engine has sessions: to it this is BuildKit's way with owners, without anything else of version 2.
    { ...query, ...how.query, t: tags, ...(session !== undefined && { session, version: 2 }) },
    { context: shipment.body && passed(shipment.body, flags, how.watch), registries: await registryConfig(context) },
  );
}

function passed(body: AsyncIterable<Uint8Array>, flags: FlagValues, watch: Start['watch']): AsyncIterable<Uint8Array> {
  const small = flags.bool('compress') ? compressed(body) : body;
  return watch ? watch(small) : small;
}
