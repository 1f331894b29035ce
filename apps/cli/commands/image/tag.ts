import { tagImage } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import { type Command, exactArgs } from '../../command.ts';
import { parseFamiliar } from '../../render/reference.ts';

export const command: Command = {
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  flags: [],
  args: exactArgs(2),
  async run(context, { args: [source = '', target = ''] }) {
    checkName('source', source);
    const parsed = checkName('target', target);
    if (parsed.digest !== '') throw new CliError('refusing to create a tag with a digest reference');
    // The engine knows the default domain itself: the name goes as it was written.
    const name = parsed.tag === '' ? target : target.slice(0, -(parsed.tag.length + 1));
    await tagImage(context.client, source, name, parsed.tag || 'latest');
    return 0;
  },
};

function checkName(which: 'source' | 'target', text: string): { tag: string; digest: string } {
  const parsed = parseFamiliar(text);
  if (parsed) return parsed;
  if (which === 'source' && /^(sha256:)?[0-9a-f]{64}$/.test(text)) return { tag: '', digest: '' };
  const why = /[A-Z]/.test(text.replace(/:[^/:]*$/, '').replace(/^[^/]*[.:][^/]*\//, ''))
    ? `invalid reference format: repository name (${text.includes('/') ? '' : 'library/'}${text.replace(/:[^/]*$/, '')}) must be lowercase`
    : 'invalid reference format';
  const quoted = JSON.stringify(text);
  if (which === 'source')
    throw new CliError(`Error parsing reference: ${quoted} is not a valid repository/tag: ${why}`);
  throw new CliError(`Error parsing reference: ${quoted} is not a valid repository/tag: ${why}`);
}
