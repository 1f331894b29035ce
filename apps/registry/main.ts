import { BerthError, describeError } from '@berth/kit';
import { gcCommand, retentionCommand } from './commands/clean.ts';
import { htpasswdCommand } from './commands/htpasswd.ts';
import { serveCommand } from './commands/serve.ts';

export type { Registry, RegistryParts } from './registry.ts';
export { createRegistry } from './registry.ts';
export type { RunningRegistry } from './start.ts';
export { startRegistry } from './start.ts';
export type { StorageDriver } from './storage/driver.ts';

const COMMANDS: Record<string, (words: readonly string[]) => Promise<void>> = {
  serve: serveCommand,
  htpasswd: htpasswdCommand,
  gc: gcCommand,
  retention: retentionCommand,
};

const HELP = `Usage:  berth-registry COMMAND [OPTIONS]

A registry of images.

Commands:
  serve       Run it, in the foreground
  htpasswd    Make, change or remove a user
  gc          Remove what no manifest needs any more
  retention   Apply the rules of retention

Run 'berth-registry COMMAND --help' for more about a command.
`;

async function main([name = '', ...words]: readonly string[]): Promise<void> {
  if (name === '--help' || name === '-h') {
    process.stdout.write(HELP);
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new BerthError('invalid', `berth registry: unknown command: ${name}`, {
      hint: `There is ${Object.keys(COMMANDS).join(', ')}.`,
    });
  await command(words);
}

if (import.meta.main) {
  main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`berth: ${describeError(error)}\n`);
    process.exit(1);
  });
}
