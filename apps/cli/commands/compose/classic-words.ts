/** Flags of docker-compose 1.29 that are about the engine: Docker's client has them before its command. */
const WITH_VALUE = new Set(['-H', '--host', '-c', '--context', '--tlscacert', '--tlscert', '--tlskey', '--log-level']);
const ALONE = new Set(['--tls', '--tlsverify']);
/** Taken, and without a meaning here. */
const IGNORED = new Set(['--skip-hostname-check']);

/** The words of a `docker-compose` command line as those of `docker compose`. */
export function classicWords(argv: readonly string[]): string[] {
  const engine: string[] = [];
  const rest: string[] = [];
  let at = 0;
  for (; at < argv.length; at++) {
    const word = argv[at] ?? '';
    const name = word.split('=')[0] ?? '';
    if (WITH_VALUE.has(name)) {
      // docker-compose writes levels in capitals.
      const isLevel = name === '--log-level';
      const value = word.includes('=') ? word.slice(name.length + 1) : (argv[++at] ?? '');
      const level = value.toLowerCase().replace('warning', 'warn').replace('critical', 'fatal');
      engine.push(name, isLevel ? level : value);
    } else if (ALONE.has(name)) engine.push(word);
    else if (!IGNORED.has(name)) {
      if (!word.startsWith('-')) break;
      rest.push(word);
      if (TAKES_VALUE.has(word) && at + 1 < argv.length) rest.push(argv[++at] ?? '');
    }
  }
  return [...engine, 'compose', ...rest, ...argv.slice(at)];
}

/** Compose's own flags with a value, where the value is a word of its own. */
const TAKES_VALUE = new Set([
  '-f',
  '--file',
  '-p',
  '--project-name',
  '--profile',
  '--ansi',
  '--project-directory',
  '--env-file',
  '--parallel',
  '--progress',
  '--workdir',
]);
