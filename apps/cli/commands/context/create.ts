import { CliError } from '../../cli-error.ts';
import { type Command, exactArgs } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { PackedContext } from '../../contexts/archive.ts';
import { readDockerEndpoint, type StoredEndpoint } from '../../contexts/docker-endpoint.ts';
import { contextWithFiles, DEFAULT_DESCRIPTION } from '../../contexts/lookup.ts';
import { checkContextName, contextExists, DEFAULT_CONTEXT, writeContext, writeTls } from '../../contexts/store.ts';
import { DOCKER_FLAG, endpointHelp, readDockerFlags } from './docker-flag.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTEXT',
  description: (programName) => endpointHelp('Create a context', 'create', { programName }),
  flags: [
    { long: 'description', type: 'string', help: 'Description of the context' },
    DOCKER_FLAG,
    { long: 'from', type: 'string', help: 'create context from a named context' },
  ],
  args: exactArgs(1),
  async run(context, { flags, args }) {
    const [name = ''] = args;
    const docker = flags.list('docker');
    const from = flags.string('from');
    if (from && docker.length) throw new CliError('cannot use --docker flag when --from is set');
    checkContextName(name);
    if (contextExists(context.configDir, name)) throw new CliError(`context ${JSON.stringify(name)} already exists`);
    const description = flags.string('description');
    save(
      context,
      name,
      docker.length ? described(context, docker) : copied(context, from || context.contextName),
      description,
    );
    context.out.write(`${name}\n`);
    context.err.write(`Successfully created context "${name}"\n`);
    return 0;
  },
};

function save(context: Context, name: string, { meta, tls }: PackedContext, description: string): void {
  const metadata = { ...meta.Metadata, ...(description && { Description: description }) };
  writeContext(context.configDir, { ...meta, Name: name, Metadata: metadata });
  for (const [endpoint, files] of Object.entries(tls)) writeTls(context.configDir, name, endpoint, files);
}

/** From `--docker`. */
function described(context: Context, docker: readonly string[]): PackedContext {
  const { endpoint, tls } = readDockerEndpoint(readDockerFlags(docker), (other) => copyOfEndpoint(context, other));
  return { meta: { Name: '', Metadata: {}, Endpoints: { docker: endpoint } }, tls: { docker: tls } };
}

/** From `--from`, or from the context in use. */
function copied(context: Context, from: string): PackedContext {
  const { meta, tls } = contextWithFiles(context, from);
  const standard = from === DEFAULT_CONTEXT ? { Description: DEFAULT_DESCRIPTION } : {};
  return { meta: { ...meta, Metadata: { ...standard, ...meta.Metadata } }, tls };
}

/** For `--docker from=CONTEXT`. */
export function copyOfEndpoint(context: Context, from: string): StoredEndpoint {
  const { meta, tls } = contextWithFiles(context, from);
  const { docker } = meta.Endpoints;
  if (!docker) throw new CliError(`unable to get endpoint from context ${JSON.stringify(from)}`);
  return { endpoint: docker, tls: tls.docker ?? {} };
}
