import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parsePorts, parseVolume, readEnvLines, type Service, shellWords } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { Parsed } from '../../command.ts';
import { openError } from '../../open-error.ts';

/** A service as `run` changes it: its command, environment, user, ports and so on, by flags and arguments. */
export function withRunFlags(
  service: Service,
  { flags, args }: Parsed,
  facts: { tty: boolean; cwd: string; env: Readonly<Record<string, string | undefined>> },
): Service {
  const words = args.slice(1);
  const text = (flag: string, old: string | undefined) => (flags.changed(flag) ? flags.string(flag) : old);
  const made: Service = {
    ...service,
    tty: facts.tty,
    stdin_open: flags.bool('interactive'),
    scale: 1,
    environment: { ...service.environment, ...environment(flags.list('env-from-file'), flags.list('env'), facts) },
    cap_add: [...(service.cap_add ?? []), ...flags.list('cap-add')],
    cap_drop: [...(service.cap_drop ?? []), ...flags.list('cap-drop')],
    volumes: [
      ...(service.volumes ?? []),
      ...flags.list('volume').map((one) => parseVolume(one, facts.cwd, facts.env.HOME ?? '/root')),
    ],
    ports: [
      ...(flags.bool('service-ports') ? (service.ports ?? []) : []),
      ...flags.list('publish').flatMap(parsePorts),
    ],
  };
  const user = text('user', service.user);
  const folder = text('workdir', service.working_dir);
  if (user !== undefined) made.user = user;
  if (folder !== undefined) made.working_dir = folder;
  if (words.length) made.command = words;
  if (flags.changed('entrypoint')) {
    const entrypoint = shellWords(flags.string('entrypoint'));
    if (!entrypoint) throw new CliError(`invalid --entrypoint: a quote is not closed in ${flags.string('entrypoint')}`);
    made.entrypoint = entrypoint;
    if (words.length === 0) delete made.command;
  }
  // One container of many that may run: it has no place in the service's own names and restarts.
  for (const key of ['container_name', 'restart', 'deploy', 'profiles'] as const) delete made[key];
  if (service.deploy?.resources) made.deploy = { resources: service.deploy.resources };
  return made;
}

function environment(
  files: readonly string[],
  texts: readonly string[],
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string | undefined>> },
): Record<string, string | null> {
  const made: Record<string, string | null> = {};
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(resolve(cwd, file), 'utf8');
    } catch (error) {
      throw openError(file, error);
    }
    for (const { name, value } of readEnvLines(text, file)) made[name] = value ?? env[name] ?? null;
  }
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals === 0) throw new CliError(`invalid environment variable: ${text}`);
    if (equals > 0) made[text.slice(0, equals)] = text.slice(equals + 1);
    else made[text] = env[text] ?? null;
  }
  return made;
}
