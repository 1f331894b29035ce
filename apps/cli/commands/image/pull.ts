import { pullImage } from '@berth/client';
import type { PullExplanation } from '@berth/contract';
import { CliError } from '../../cli-error.ts';
import { type Command, exactArgs } from '../../command.ts';
import type { Context } from '../../context.ts';
import { registryAuth } from '../registry/credentials.ts';
import { refuseContentTrust, trustFlag } from './content-trust.ts';
import { readNamed } from './named.ts';
import { showStream } from './show-stream.ts';

export const command: Command = {
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  flags: [
    { long: 'all-tags', short: 'a', type: 'bool', help: 'Download all tagged images in the repository' },
    trustFlag('Skip image verification'),
    { long: 'explain', type: 'bool', own: true, help: 'Say where each layer came from and what took how long' },
    { long: 'format', type: 'string', own: true, help: 'With "--explain": "table" (default) or "json"' },
    { long: 'platform', type: 'string', help: 'Set platform if server is multi-platform capable' },
    { long: 'quiet', short: 'q', type: 'bool', help: 'Suppress verbose output' },
  ],
  args: exactArgs(1),
  async run(context, { flags, args }) {
    const explain = flags.bool('explain');
    const format = explanationFormat(flags.string('format'), explain);
    // What a program reads has nothing else in it.
    const quiet = flags.bool('quiet') || format === 'json';
    const image = readNamed(args[0] ?? '', flags.bool('all-tags'));
    refuseContentTrust(flags, context);
    if (image.tagIsDefault && !quiet) context.out.write(`Using default tag: ${image.tag}\n`);
    const response = await pullImage(context.client, image.repository, {
      tag: image.tag,
      platform: (flags.string('platform') || context.env.DOCKER_DEFAULT_PLATFORM || '').toLowerCase(),
      auth: await registryAuth(context, image.familiar),
      explain,
    });
    const told: PullExplanation[] = [];
    try {
      // Without `explain` the engine sends none.
      await showStream(context, response, { quiet, aux: (data) => told.push(data as PullExplanation) });
    } finally {
      if (told.length > 0) await showExplanations(context, told, format);
    }
    if (format !== 'json') context.out.write(`${image.full}\n`);
    return 0;
  },
};

function explanationFormat(format: string, explain: boolean): 'table' | 'json' {
  if (format !== '' && !explain) throw new CliError('--format is for --explain');
  if (format === '' || format === 'table') return 'table';
  if (format === 'json') return 'json';
  throw new CliError(`invalid value ${JSON.stringify(format)} for --format: "table" or "json"`);
}

async function showExplanations(context: Context, told: PullExplanation[], format: 'table' | 'json'): Promise<void> {
  if (format === 'json') {
    for (const one of told) context.out.write(`${JSON.stringify(one)}\n`);
    return;
  }
  const { renderPullExplanation } = await import('../../render/pull-explanation.ts');
  context.out.write(told.map((one) => `\n${renderPullExplanation(one)}`).join(''));
}
