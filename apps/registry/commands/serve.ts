import { createLogger, type Logger } from '@berth/kit';
import { checkConfig, checkFiles } from '../settings/check.ts';
import { DEFAULT_CONFIG_FILE, type RegistryConfig } from '../settings/config.ts';
import { loadConfig } from '../settings/load.ts';
import { type FlagSpec, flagLines, readWords } from '../settings/words.ts';
import { type RunningRegistry, startRegistry } from '../start.ts';

const FLAGS: readonly FlagSpec[] = [
  { name: 'config FILE', help: `Settings as JSON (default "${DEFAULT_CONFIG_FILE}", if it is there)` },
  {
    name: 'listen HOST:PORT',
    help: 'Where to listen (default "127.0.0.1:5000"); ":5000" is every address of this machine',
  },
  { name: 'root DIR', help: 'Where everything is kept (default "/var/lib/berth-registry")' },
  { name: 'log-level LEVEL', help: 'debug, info, warn or error (default "info")' },
  { name: 'log-format FORMAT', help: 'text or json (default "text")' },
  {
    name: 'environment',
    help: "Take variables of Docker's registry (REGISTRY_HTTP_ADDR, …) as settings, over the file",
  },
  { name: 'validate', help: 'Check the settings and the files they name, say "configuration OK", and end' },
];

const HELP = `Usage:  berth registry serve [OPTIONS]

A registry for images and other artifacts, in the foreground: docker, podman, skopeo, oras and everything else that
speaks the OCI distribution protocol push to it and pull from it.

  berth registry serve --root /srv/registry                      # serves this machine at 127.0.0.1:5000
  docker tag busybox localhost:5000/team/busybox && docker push localhost:5000/team/busybox

SIGTERM and SIGINT let requests under way end; an upload that is cut off goes on where it was after the next start.
Unused content is removed while it serves (see 'berth registry gc --help'). All settings: docs/reference/registry-json.md.

Options:
${flagLines(FLAGS)}`;

/** `serve`: runs until it is told to end. Resolves when it is up, or when there was only something to say. */
export async function serveCommand(words: readonly string[]): Promise<void> {
  const flags = readWords('berth registry serve', words, FLAGS);
  if (flags.has('help')) {
    process.stdout.write(HELP);
    return;
  }
  const config = loadConfig({
    config: flags.get('config'),
    root: flags.get('root'),
    listen: flags.get('listen'),
    logLevel: flags.get('log-level'),
    logFormat: flags.get('log-format'),
    environment: flags.has('environment') ? process.env : undefined,
  });
  if (flags.has('validate')) {
    checkConfig(config);
    await checkFiles(config);
    process.stdout.write('configuration OK\n');
    return;
  }
  const log = createLogger(config.log.level, config.log.format, (line) => process.stderr.write(line));
  await runRegistry(config, log);
}

/** Signals come first, so that one during the start leaves nothing half done; a second one ends it at once. */
async function runRegistry(config: RegistryConfig, log: Logger): Promise<void> {
  process.on('unhandledRejection', (error) => log.error('a failure was not handled', { error }));
  const starting = startRegistry(config, log);
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      log.info('stopping', { signal });
      void starting.then(stop(log)).catch(() => process.exit(1));
    });
  }
  const { address, watched } = await starting;
  const { root, storage, tls } = config;
  log.info('registry is ready', {
    ...{ address, tls: tls !== undefined },
    ...(watched === undefined ? {} : { watched }),
    ...(storage.s3 === undefined ? { root } : { root, bucket: storage.s3.bucket }),
  });
}

function stop(log: Logger) {
  return async (registry: RunningRegistry) => {
    try {
      await registry.stop();
      process.exit(0);
    } catch (error) {
      log.error('the registry did not stop cleanly', { error });
      process.exit(1);
    }
  };
}
