import { BerthError, createLogger, Scope } from '@berth/kit';
import { isObject } from '@berth/oci';
import { hasRegistry } from '../claim-root.ts';
import { callControl } from '../control/call-control.ts';
import type { Registry } from '../registry.ts';
import type { RegistryConfig } from '../settings/config.ts';
import { loadConfig } from '../settings/load.ts';
import { duration } from '../settings/shape.ts';
import { type FlagSpec, flagLines, readWords } from '../settings/words.ts';
import { openRegistry } from '../start.ts';
import { describeCollected, describeRetained } from './describe.ts';

const COMMON: readonly FlagSpec[] = [
  { name: 'config FILE', help: 'Settings of the registry' },
  { name: 'root DIR', help: 'Where the registry keeps everything' },
  { name: 'environment', help: "Take variables of Docker's registry (REGISTRY_…) as settings, as 'serve' does" },
  { name: 'dry-run', help: 'Say what would be removed; change nothing' },
  { name: 'json', help: 'Print the result as JSON' },
];
const GC: readonly FlagSpec[] = [
  ...COMMON,
  { name: 'grace TIME', help: 'What was pushed less than this ago stays, used or not: 1h, 30m, 0 (default: gc.grace)' },
];

const GC_HELP = `Usage:  berth registry gc [OPTIONS]

Removes what no manifest needs any more, now: blobs, contents that no repository has, uploads that were given up. A
registry that serves this root does it while it goes on serving; otherwise it is done here. Manifests stay, also those
without a tag: those go by 'berth registry retention'.

Options:
${flagLines(GC)}`;

const RETENTION_HELP = `Usage:  berth registry retention [OPTIONS]

Applies the rules of retention in the configuration file, now: removes tags that no rule keeps, and manifests that no tag
leads to any more. 'berth registry gc' then frees their space.

  { "retention": { "rules": [ { "repositories": ["team/**"], "keepLast": 10, "keepTags": ["v*"], "untaggedAfter": "7d" } ] } }

Options:
${flagLines(COMMON)}`;

/** `gc`. Errors: those of the settings; conflict; internal. */
export async function gcCommand(words: readonly string[]): Promise<void> {
  const flags = readWords('berth registry gc', words, GC);
  if (flags.has('help')) return print(GC_HELP);
  const { config, dryRun } = readCommon(flags);
  const text = flags.get('grace');
  const graceMs = text === undefined ? undefined : duration(text, '--grace');
  const query = `dry-run=${dryRun}${graceMs === undefined ? '' : `&grace=${graceMs}`}`;
  const done =
    (await callControl(config.root, `/gc?${query}`)) ??
    (await withRegistry(config, (registry) => registry.collect({ dryRun, graceMs })));
  if (!isObject(done)) throw new BerthError('internal', 'the registry said nothing that is understood');
  print(flags.has('json') ? `${JSON.stringify(done)}\n` : describeCollected(done));
}

/** `retention`. Errors: those of the settings; conflict; internal. */
export async function retentionCommand(words: readonly string[]): Promise<void> {
  const flags = readWords('berth registry retention', words, COMMON);
  if (flags.has('help')) return print(RETENTION_HELP);
  const { config, dryRun } = readCommon(flags);
  const done =
    (await callControl(config.root, `/retention?dry-run=${dryRun}`)) ??
    (await withRegistry(config, (registry) => registry.retain({ dryRun })));
  if (!isObject(done)) throw new BerthError('internal', 'the registry said nothing that is understood');
  print(flags.has('json') ? `${JSON.stringify(done)}\n` : describeRetained(done));
}

function readCommon(flags: Map<string, string>): { config: RegistryConfig; dryRun: boolean } {
  const environment = flags.has('environment') ? process.env : undefined;
  const config = loadConfig({ config: flags.get('config'), root: flags.get('root'), environment });
  return { config, dryRun: flags.has('dry-run') };
}

/** None serves: here. Errors: not-found, when none ever did, so that a wrong root is not taken for a clean one. */
async function withRegistry<T>(config: RegistryConfig, work: (registry: Registry) => Promise<T>): Promise<T> {
  if (!hasRegistry(config.root))
    throw new BerthError('not-found', `there is no registry at ${config.root}`, {
      hint: 'Say where it keeps everything with --root, or name its settings with --config.',
    });
  await using scope = new Scope();
  const log = createLogger(config.log.level, config.log.format, (line) => process.stderr.write(line));
  return await work(await openRegistry(config, log, scope));
}

function print(text: string): void {
  process.stdout.write(text);
}
