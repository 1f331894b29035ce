import { writeFileSync } from 'node:fs';
import {
  checkServices,
  composeFile,
  containerConfig,
  hashOf,
  imageName,
  interpolationVariables,
  observeImageDigest,
  type Project,
  provenance,
  toYaml,
  withDependencies,
} from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { FlagSpec, Parsed } from '../../command.ts';
import { type Compose, type ComposeCommand, loadOptions, openProject } from './compose.ts';
import { FLAGS } from './flags/config.ts';

const PROVENANCE: FlagSpec = {
  long: 'provenance',
  type: 'bool',
  help: 'Print where each value comes from: file and line, environment, default',
};

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: [...FLAGS, PROVENANCE],
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, parsed) {
    const text = await configText(compose, parsed);
    if (parsed.flags.bool('quiet')) return 0;
    const file = parsed.flags.string('output');
    if (file) writeFileSync(file, text);
    else compose.context.out.write(text);
    return 0;
  },
};

const lines = (names: Iterable<string>) => [...names].map((name) => `${name}\n`).join('');

async function configText(compose: Compose, { flags, args }: Parsed): Promise<string> {
  if (flags.bool('variables')) return variablesText(compose, flags.string('format'));
  const project = openProject(compose, args, {
    interpolate: !flags.bool('no-interpolate'),
    normalize: !flags.bool('no-normalize'),
    resolvePaths: !flags.bool('no-path-resolution'),
    resolveEnvironment: !flags.bool('no-env-resolution'),
    consistency: !flags.bool('no-consistency') && !flags.bool('no-interpolate'),
  });
  checkServices(project, args);
  const chosen = args.length ? withDependencies(project, args, true) : Object.keys(project.services).sort();
  if (flags.bool('environment'))
    return lines([...project.variables].map(([name, { value }]) => `${name}=${value}`).sort());
  if (flags.bool('services')) return lines(args.length ? chosen : withDependencies(project, [], true));
  // What no service uses is left out, as Docker does; docker-compose knew no such thing.
  const isWhole = compose.flags.bool('all-resources') || flags.bool('no-interpolate') || compose.classic;
  const file = () =>
    composeFile(project, args.length || !isWhole ? chosen : undefined, {
      normalized: !flags.bool('no-normalize'),
      interpolated: !flags.bool('no-interpolate'),
    });
  for (const section of ['volumes', 'networks'])
    if (flags.bool(section)) return lines(Object.keys(file()[section] ?? {}));
  if (flags.bool('models')) return lines(Object.values(project.models).map(({ model }) => model));
  if (flags.bool('profiles')) return lines(profiles(project));
  if (flags.bool('images'))
    return lines(new Set(chosen.map((name) => imageName(project, name, project.services[name] ?? {}, compose.style))));
  if (flags.changed('hash')) return hashes(project, flags.string('hash'));
  if (flags.bool('provenance')) return provenance(project, chosen);
  if (flags.bool('resolve-image-digests') || flags.bool('lock-image-digests'))
    await pinImages(compose, project, chosen);
  const part = flags.bool('lock-image-digests') ? lockFile(project, chosen) : file();
  const format = flags.string('format') || 'yaml';
  if (format === 'json') return `${JSON.stringify(part, null, 2)}\n`;
  if (format !== 'yaml') throw new CliError(`unsupported format ${JSON.stringify(format)}; accepted are yaml and json`);
  return toYaml(part);
}

function profiles(project: Project): string[] {
  const all = [...Object.values(project.services), ...Object.values(project.disabled)];
  return [...new Set(all.flatMap((service) => service.profiles ?? []))].sort();
}

/** `web HASH`; `*` means all. */
function hashes(project: Project, wish: string): string {
  const names = (wish === '*' ? Object.keys(project.services) : wish.split(',')).sort();
  checkServices(project, names);
  return lines(names.map((name) => `${name} ${hashOf(containerConfig(project, project.services[name] ?? {}))}`));
}

/** Names of images with the digest that a registry or the engine knows them by. */
async function pinImages(compose: Compose, project: Project, services: readonly string[]): Promise<void> {
  await Promise.all(
    services.map(async (name) => {
      const service = project.services[name];
      if (!service?.image || service.image.includes('@')) return;
      const digest = await observeImageDigest(compose.context.client, service.image);
      if (digest === undefined)
        throw new CliError(
          `failed to resolve the digest of image ${service.image}: it is neither here with a digest nor in a registry that can be reached`,
        );
      service.image = `${service.image}@${digest}`;
    }),
  );
}

function lockFile(project: Project, services: readonly string[]) {
  return {
    services: Object.fromEntries(
      services.flatMap((name) => {
        const image = project.services[name]?.image;
        return image ? [[name, { image }]] : [];
      }),
    ),
  };
}

/** Variables of the files, with what they are without a value. */
function variablesText(compose: Compose, format: string): string {
  const variables = interpolationVariables(loadOptions(compose));
  if (format === 'json')
    return `${JSON.stringify(
      Object.fromEntries(
        variables.map(({ name, required, fallback, other }) => [
          name,
          { Name: name, DefaultValue: fallback, PresenceValue: other, Required: required },
        ]),
      ),
    )}\n`;
  if (format === 'yaml')
    return toYaml(
      Object.fromEntries(
        variables.map(({ name, required, fallback, other }) => [
          name,
          { name, defaultvalue: fallback, presencevalue: other, required },
        ]),
      ),
    );
  if (format !== '' && format !== 'table')
    throw new CliError(`unsupported format ${JSON.stringify(format)}; accepted are table, yaml and json`);
  return variableTable(variables);
}

function variableTable(variables: ReturnType<typeof interpolationVariables>): string {
  const rows = variables.map(({ name, required, fallback, other }) => [name, String(required), fallback, other]);
  const all = [['NAME', 'REQUIRED', 'DEFAULT VALUE', 'ALTERNATE VALUE'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => (row[column] ?? '').length)) + 3);
  return lines(
    all.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('')
        .trimEnd(),
    ),
  );
}
