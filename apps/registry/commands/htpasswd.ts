import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { BerthError, errnoOf } from '@berth/kit';
import { hash } from 'bcryptjs';
import { parseHtpasswd } from '../access/index.ts';
import { type FlagSpec, flagLines, readWords } from '../settings/words.ts';

const FLAGS: readonly FlagSpec[] = [
  { name: 'user NAME', help: 'Whose password it is' },
  { name: 'file FILE', help: 'Write it there, in the place of the one before; the registry takes it over at once' },
  { name: 'remove', help: 'Take the user out of the file' },
];

const HELP = `Usage:  berth registry htpasswd --user NAME [OPTIONS] < PASSWORD

Makes the line of a user for the file that "access.htpasswd" names, with the password from standard input as a bcrypt hash.

  printf %s "$PASSWORD" | berth registry htpasswd --user alice --file /etc/berth/registry.htpasswd

Options:
${flagLines(FLAGS)}`;

/** As bcrypt's authors advise for logins of people; a right login is then believed for a while. */
const COST = 10;
/** bcrypt looks no further. Bytes. */
const PASSWORD_MAX = 72;

/** `htpasswd`. Errors: invalid, not-found. */
export async function htpasswdCommand(words: readonly string[]): Promise<void> {
  const flags = readWords('berth registry htpasswd', words, FLAGS);
  const [user, file] = [flags.get('user'), flags.get('file')];
  if (flags.has('help')) {
    process.stdout.write(HELP);
    return;
  }
  if (user === undefined || !/^[^:\s\p{C}]{1,255}$/u.test(user))
    throw new BerthError('invalid', 'say whose password it is: --user NAME, without colons and spaces', {
      hint: "See 'berth registry htpasswd --help'.",
    });
  if (flags.has('remove')) {
    if (file === undefined) throw new BerthError('invalid', '--remove needs a --file to remove the user from');
    await change(file, user, undefined);
    return;
  }
  const line = `${user}:${await hash(await readPassword(), COST)}`;
  if (file === undefined) process.stdout.write(`${line}\n`);
  else await change(file, user, line);
}

async function readPassword(): Promise<string> {
  if (process.stdin.isTTY)
    throw new BerthError('invalid', 'the password is read from standard input', {
      hint: 'For example: printf %s "$PASSWORD" | berth registry htpasswd --user NAME',
    });
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  const password = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  const bytes = Buffer.byteLength(password);
  if (bytes === 0 || bytes > PASSWORD_MAX || password.includes('\0'))
    throw new BerthError('invalid', `a password has 1 to ${PASSWORD_MAX} bytes`);
  return password;
}

/** The file has the old users or the new ones, at every moment. Other lines stay as they are. */
async function change(file: string, user: string, line: string | undefined): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error) => {
    if (errnoOf(error) === 'ENOENT' && line !== undefined) return '';
    throw new BerthError('not-found', `cannot read ${file}`, { cause: error });
  });
  if (!parseHtpasswd(text, file).has(user) && line === undefined)
    throw new BerthError('not-found', `there is no user ${user} in ${file}`);
  const others = text.split('\n').filter((old) => old !== '' && !old.trim().startsWith(`${user}:`));
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(temporary, [...others, ...(line === undefined ? [] : [line]), ''].join('\n'), {
      mode: 0o600,
      flag: 'wx',
    });
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}
