import { randomBytes } from 'node:crypto';
import {
  attachContainer,
  createContainer,
  removeContainer,
  resizeContainer,
  startContainer,
  waitContainer,
} from '@berth/client';
import {
  attachments,
  connectOperations,
  containerName,
  containerSubject,
  createBody,
  execute,
  imageName,
  LABEL,
  manyNetworks,
  observe,
  type Project,
  type Service,
  separatorOf,
} from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { Parsed } from '../../command.ts';
import { followTerminalSize } from '../../session/resize.ts';
import { openSession } from '../../session/session.ts';
import { proxySignals } from '../../session/signals.ts';
import { type Compose, type ComposeCommand, openProject } from './compose.ts';
import { converge, readPull } from './converge.ts';
import { FLAGS } from './flags/run.ts';
import { prepareImages } from './prepare-images.ts';
import { runPlan } from './run-plan.ts';
import { withRunFlags } from './run-service.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] SERVICE [COMMAND] [ARGS...]',
  flags: FLAGS,
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  interspersed: false,
  async run(compose, parsed) {
    const [name = ''] = parsed.args;
    const project = openProject(compose, [name]);
    const { flags } = parsed;
    if (flags.bool('service-ports') && flags.list('publish').length)
      throw new CliError('--service-ports and --publish are incompatible');
    if (flags.changed('tty') && flags.changed('no-tty'))
      throw new CliError("--tty and --no-tty can't be used together");
    const labels = readLabels(flags.list('label'));
    const pull = readPull(flags.string('pull'));
    const isTerminal = compose.context.in.isTerminal && compose.context.out.isTerminal;
    const tty = isTerminal && !flags.bool('no-tty') && flags.bool('tty') && !flags.bool('detach');
    const service = withRunFlags(project.services[name] ?? {}, parsed, {
      tty,
      cwd: process.cwd(),
      env: compose.context.env,
    });
    await startDependencies(compose, project, name, parsed);
    const images = {
      pull,
      build: flags.bool('build'),
      noBuild: false,
      quietPull: flags.bool('quiet-pull') || flags.bool('quiet'),
      quietBuild: flags.bool('quiet-build') || flags.bool('quiet'),
    };
    const only = { ...project, services: { [name]: service } };
    const { images: present } = await observe(compose.context.client, only, compose.style);
    await prepareImages(compose, only, [name], present, images);
    if (compose.dryRun) return 0;
    const id = await createOneOff(
      compose,
      { ...project, services: { ...project.services, [name]: service } },
      name,
      service,
      { flags, labels },
    );
    return runOneOff(compose, id, service, parsed, tty);
  },
};

/** Brings up what the service depends on, and the networks and volumes that it uses itself; removes orphans where wished. */
async function startDependencies(compose: Compose, project: Project, name: string, { flags }: Parsed): Promise<void> {
  const needed = flags.bool('no-deps') ? [] : Object.keys(project.services[name]?.depends_on ?? {});
  const wishes = {
    dependencies: true,
    recreate: 'changed' as const,
    recreateDependencies: 'changed' as const,
    removeOrphans: flags.bool('remove-orphans'),
    renewVolumes: false,
    replaceVolumes: false,
    timeout: undefined,
    start: true,
    images: {
      pull: '',
      build: false,
      noBuild: false,
      quietPull: flags.bool('quiet-pull') || flags.bool('quiet'),
      quietBuild: flags.bool('quiet-build') || flags.bool('quiet'),
    },
  };
  if (needed.length) {
    const wished = await converge(compose, project, { ...wishes, named: needed, scale: new Map() });
    // Its own condition for them holds as well: health, an end.
    await runPlan(compose, wished.operations, { quiet: flags.bool('quiet') });
    await waitForConditions(compose, project, name);
  }
  const own = await converge(compose, project, {
    ...wishes,
    named: [name],
    dependencies: false,
    scale: new Map([[name, 0]]),
    images: undefined,
  });
  const orphans = new Set(
    own.decisions.orphans.flatMap(({ seen, remove }) => (remove ? containerSubject(seen.name) : [])),
  );
  const steps = own.operations.filter(
    ({ kind, subject }) => kind === 'create-network' || kind === 'create-volume' || orphans.has(subject),
  );
  if (steps.length) await runPlan(compose, steps, { quiet: flags.bool('quiet') });
}

async function waitForConditions(compose: Compose, project: Project, name: string): Promise<void> {
  const waits = Object.entries(project.services[name]?.depends_on ?? {}).flatMap(([other, { condition, required }]) => {
    if (condition === 'service_started') return [];
    const container = containerName(project, other, 1, compose.style);
    const kind = condition === 'service_healthy' ? ('wait-healthy' as const) : ('wait-completed' as const);
    return [
      {
        id: container,
        needs: [],
        subject: `Container ${container}`,
        words: ['Waiting', 'Healthy'] as const,
        reasons: [],
        kind,
        container,
        service: other,
        optional: required === false,
      },
    ];
  });
  await execute(waits, { client: compose.context.client, dryRun: compose.dryRun });
}

async function createOneOff(
  compose: Compose,
  project: Project,
  name: string,
  service: Service,
  { flags, labels }: Pick<Parsed, 'flags'> & { labels: Record<string, string> },
): Promise<string> {
  const { client } = compose.context;
  const slug = randomBytes(32).toString('hex');
  const separator = separatorOf(compose.style);
  const container = flags.string('name') || [project.name, name, 'run', slug.slice(0, 12)].join(separator);
  const { images } = await observe(client, { ...project, services: { [name]: service } }, compose.style);
  const many = manyNetworks(client.apiVersion);
  const joined = attachments(project, name, service, {
    containerName: container,
    useAliases: flags.bool('use-aliases'),
    links: [],
  });
  const body = createBody({
    project,
    name,
    service,
    style: compose.style,
    number: 1,
    imageId: images.get(imageName(project, name, service, compose.style))?.id,
    attachments: joined,
    inherited: new Map(),
    containerOf: (other) => containerName(project, other, 1, compose.style),
    manyNetworks: many,
    oneOff: true,
  });
  const stdin = flags.bool('interactive') && !flags.bool('detach');
  const made = {
    ...body,
    OpenStdin: stdin,
    StdinOnce: stdin,
    AttachStdin: stdin,
    Labels: { ...body.Labels, [LABEL.slug]: slug, ...labels },
    HostConfig: { ...body.HostConfig, AutoRemove: flags.bool('rm') },
  };
  const { Id } = await createContainer(client, made, { name: container, platform: service.platform ?? '' });
  await execute(connectOperations(project, service, container, many ? [] : joined.slice(1)), { client });
  return Id;
}

function readLabels(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      if (equals < 0)
        throw new CliError(`invalid --label option ${JSON.stringify(text)}: label must be set as KEY=VALUE`);
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

async function runOneOff(
  compose: Compose,
  id: string,
  service: Service,
  { flags }: Parsed,
  tty: boolean,
): Promise<number> {
  const { context } = compose;
  const { client } = context;
  if (flags.bool('detach')) {
    await startContainer(client, id);
    context.out.write(`${id}\n`);
    return 0;
  }
  const stdin = flags.bool('interactive');
  const undo: (() => void)[] = [];
  try {
    if (!tty) undo.push(proxySignals(context, id));
    const [stream, { exited }] = await Promise.all([
      attachContainer(client, id, { stream: true, stdin, stdout: true, stderr: true, logs: false, detachKeys: '' }),
      waitContainer(client, id, flags.bool('rm') ? 'removed' : 'next-exit'),
    ]);
    undo.push(stream.destroy);
    const session = await openSession(context, {
      stream,
      tty: service.tty ?? tty,
      stdin,
      output: true,
      detachKeys: '',
    });
    undo.push(session.close);
    await startContainer(client, id).catch(async (error: unknown) => {
      if (flags.bool('rm'))
        await removeContainer(client, id, { force: true, volumes: true, link: false }).catch(() => undefined);
      throw error;
    });
    if (tty) undo.push(followTerminalSize(context, (rows, columns) => resizeContainer(client, id, rows, columns)));
    if ((await session.end) === 'detached') return 0;
    const result = await exited;
    if (result.Error?.Message) throw new CliError(result.Error.Message);
    return result.StatusCode;
  } finally {
    for (const step of undo.reverse()) step();
  }
}
