import { closeSync, openSync, readSync } from 'node:fs';
import { errnoOf } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import { type Command, exactArgs } from '../../command.ts';
import { unpackContext } from '../../contexts/archive.ts';
import { checkContextName, contextExists, FILE_LIMIT, writeContext, writeTls } from '../../contexts/store.ts';

export const command: Command = {
  usage: 'CONTEXT FILE|-',
  flags: [],
  args: exactArgs(2),
  async run(context, { args }) {
    const [name = '', source = ''] = args;
    checkContextName(name);
    if (contextExists(context.configDir, name)) throw new CliError(`context ${JSON.stringify(name)} already exists`);
    const archive = source === '-' ? readUpTo(context.in.fd) : readFile(source);
    const { meta, tls } = await unpackContext(name, archive);
    writeContext(context.configDir, meta);
    for (const [endpoint, files] of Object.entries(tls)) writeTls(context.configDir, name, endpoint, files);
    context.out.write(`${name}\n`);
    context.err.write(`Successfully imported context "${name}"\n`);
    return 0;
  },
};

function readFile(path: string): Uint8Array {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    const missing = errnoOf(error) === 'ENOENT';
    throw new CliError(`open ${path}: ${missing ? 'no such file or directory' : String(error)}`);
  }
  try {
    return readUpTo(fd);
  } finally {
    closeSync(fd);
  }
}

/** Reads to the end, but no more than a context can have. */
function readUpTo(fd: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const chunk = new Uint8Array(64 * 1024);
    const count = readSync(fd, chunk, 0, chunk.length, null);
    if (count === 0) return Buffer.concat(parts);
    total += count;
    if (total > FILE_LIMIT) throw new CliError('read exceeds the defined limit');
    parts.push(chunk.subarray(0, count));
  }
}
