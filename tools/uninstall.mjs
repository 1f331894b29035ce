// @ts-check
import { createInterface } from 'node:readline/promises';
import { askEngine } from './setup/engine-api.mjs';
import { main, SetupError, step } from './setup/report.mjs';
import { runningEngine } from './start/engine.mjs';
import { findParts } from './uninstall/find-parts.mjs';
import { removeParts, stopEngine } from './uninstall/remove-parts.mjs';

/*
 * Removes everything that the engine with the default roots has made on this machine: containers, mounts, namespaces,
 * links, rules, cgroups, images and all other data, the command. Says first what that is and asks; --yes does not ask.
 */
await main(async () => {
  if (process.getuid?.() !== 0)
    throw new SetupError('Root is needed to remove what root has made.', 'Call it with sudo.');
  const engine = runningEngine();
  const containers = (await askEngine('/containers/json?all=1')) ?? [];
  const parts = await findParts();
  if (engine === undefined && parts.all.length === 0) {
    process.stdout.write('Nothing of Berth is on this machine.\n');
    return;
  }
  process.stdout.write('This removes, for good:\n');
  if (engine !== undefined)
    process.stdout.write(`  the engine (process ${engine.pid}) with ${containers.length} containers\n`);
  for (const line of parts.all) process.stdout.write(`  ${line}\n`);
  if (!process.argv.includes('--yes') && !(await agreed())) throw new SetupError('Nothing was removed.');
  await step('Engine', 'so that nothing new is made', () => stopEngine(engine?.pid));
  await step('Everything else', 'containers, mounts, links, rules, data', async () => removeParts(await findParts()));
  const left = await findParts();
  if (left.all.length > 0)
    throw new SetupError(`This could not be removed:\n${left.all.map((line) => `  ${line}`).join('\n')}`);
  process.stdout.write(
    'Berth is gone. Debian packages stay; this folder can be deleted. cgroup controllers that the engine has\nmounted stay mounted until the next start of the machine.\n',
  );
});

async function agreed() {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Go on? [y/N] ');
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
