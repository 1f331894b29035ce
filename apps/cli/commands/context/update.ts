import { type Command, exactArgs } from '../../command.ts';
import { readDockerEndpoint } from '../../contexts/docker-endpoint.ts';
import { checkContextName, readContext, writeContext, writeTls } from '../../contexts/store.ts';
import { copyOfEndpoint } from './create.ts';
import { DOCKER_FLAG, endpointHelp, readDockerFlags } from './docker-flag.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTEXT',
  description: (programName) => endpointHelp('Update a context', 'update', { programName }),
  flags: [{ long: 'description', type: 'string', help: 'Description of the context' }, DOCKER_FLAG],
  args: exactArgs(1),
  async run(context, { flags, args }) {
    const [name = ''] = args;
    checkContextName(name);
    const { configDir } = context;
    const meta = readContext(configDir, name);
    const description = flags.string('description');
    if (description) meta.Metadata.Description = description;
    const docker = flags.list('docker');
    if (docker.length) {
      const { endpoint, tls } = readDockerEndpoint(readDockerFlags(docker), (other) => copyOfEndpoint(context, other));
      meta.Endpoints = { ...meta.Endpoints, docker: endpoint };
      writeTls(configDir, name, 'docker', tls);
    }
    writeContext(configDir, meta);
    context.out.write(`${name}\n`);
    context.err.write(`Successfully updated context "${name}"\n`);
    return 0;
  },
};
