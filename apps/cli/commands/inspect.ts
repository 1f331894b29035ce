import { inspectContainerText, inspectImage, inspectNetwork, inspectVolume } from '@berth/client';
import { isBerthError } from '@berth/kit';
import { CliError } from '../cli-error.ts';
import { atLeastArgs, type Command } from '../command.ts';
import type { Context } from '../context.ts';
import { INSPECT_FORMAT_HELP } from '../flags/format-help.ts';
import type { Inspected } from '../render/inspect.ts';
import { inspectAll } from './inspect-all.ts';

export const command: Command = {
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  flags: [
    { long: 'format', short: 'f', type: 'string', help: INSPECT_FORMAT_HELP },
    { long: 'size', short: 's', type: 'bool', help: 'Display total file sizes if the type is container' },
    { long: 'type', type: 'string', help: 'Only inspect objects of the given type' },
  ],
  args: atLeastArgs(1),
  run(context, { flags, args }) {
    const type = flags.string('type');
    if (flags.changed('type') && !KINDS.some((kind) => kind === type)) throw unknownType(type);
    const kinds = KINDS.filter((kind) => type === '' || kind === type);
    return inspectAll(context, args, flags.string('format'), (name) => look(context, name, kinds, flags.bool('size')));
  },
};

/** In the order that names are looked up. */
const KINDS: readonly Inspected['kind'][] = ['container', 'image', 'network', 'volume'];

/** What Docker's client has besides. */
const OTHER_KINDS = ['config', 'node', 'plugin', 'secret', 'service', 'task'];

async function look(
  context: Context,
  name: string,
  kinds: readonly Inspected['kind'][],
  size: boolean,
): Promise<Inspected> {
  for (const kind of kinds) {
    try {
      const text = await read(context, name, kind, size);
      if (size && kind !== 'container') context.err.write(`WARNING: --size ignored for ${kind}\n`);
      return { kind, text };
    } catch (error) {
      if (kinds.length === 1 || !isBerthError(error, 'not-found')) throw error;
    }
  }
  throw new CliError(`Error: No such object: ${name}`);
}

function read({ client }: Context, name: string, kind: Inspected['kind'], size: boolean): Promise<string> {
  if (kind === 'container') return inspectContainerText(client, name, { size });
  if (kind === 'image') return inspectImage(client, name);
  if (kind === 'network') return inspectNetwork(client, name, { verbose: false });
  return inspectVolume(client, name);
}

function unknownType(type: string): CliError {
  if (OTHER_KINDS.includes(type)) return new CliError(`objects of the type "${type}" are not in this version of Berth`);
  const names = [...KINDS, ...OTHER_KINDS].sort().map((kind) => JSON.stringify(kind));
  return new CliError(`unknown type: ${JSON.stringify(type)}: must be one of ${names.join(', ')}`);
}
