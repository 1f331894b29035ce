import schema from '../../packages/compose/schema/compose-spec.json' with { type: 'json' };
import { KEY_CASES } from '../../tests/e2e/compose/keys.cases.ts';

/** The parts of the schema that keys are found by. */
interface Part {
  $ref?: string;
  oneOf?: Part[];
  properties?: Record<string, Part>;
  patternProperties?: Record<string, Part>;
  additionalProperties?: boolean | Part;
  items?: Part;
  description?: string;
}

const DEFINITIONS: Record<string, Part> = schema.definitions as Record<string, Part>;

/** A key of the schema with what shows it. */
export interface KeyRow {
  key: string;
  /** Title of the test of tests/e2e/compose/keys.test.ts that shows its effect. */
  test: string | undefined;
  /** Why there is none: what the key is about. */
  reason: string | undefined;
}

/** Keys that have no effect in a container of one engine, and what becomes of them. */
const WITHOUT_EFFECT: readonly (readonly [RegExp, string])[] = [
  [
    /^services\.\*\.deploy\.(placement|update_config|rollback_config)/,
    'is about several hosts; read, checked and printed, without an effect on one engine, as in Docker',
  ],
  [
    /^services\.\*\.deploy\.(restart_policy\.(delay|window)|resources\.reservations\.(cpus|generic_resources))/,
    'has no counterpart in an engine; read, checked and printed',
  ],
  [
    /^services\.\*\.(gpus|deploy\.resources\.reservations\.devices)/,
    'needs a device; sent as a device request, see the options --gpus and --device',
  ],
  [/^services\.\*\.(cpu_count|cpu_percent|isolation|credential_spec)/, 'of Windows; the engine refuses it'],
  [/^services\.\*\.cpu_rt_/, 'needs a kernel with real-time groups; sent as it is'],
  [
    /^services\.\*\.blkio_config\./,
    'needs a block device; sent as it is, see the options --device-read-bps and others',
  ],
  [/^(services\.\*\.models|models)/, 'needs a model runner: refused with a sentence that says so'],
  [/^services\.\*\.provider/, 'a program of its own: not run, refused'],
  [/\.external(\.name)?$/, 'what is there already: see the tests of the loader'],
  [
    /^(secrets|configs)\.\*\.(driver|driver_opts|template_driver|labels|name)$/,
    'of a swarm; read, checked and printed',
  ],
  [/^services\.\*\.storage_opt/, 'depends on the file system below; sent as it is, see the option --storage-opt'],
  [/^networks\.\*\.ipam\.options/, 'of other drivers of addresses; sent as it is'],
  [/^services\.\*\.pull_refresh_after/, 'decides whether an image is pulled: packages/compose/decide/pull.test.ts'],
  [/^services\.\*\.build\./, 'handed on to the builder, see its flag of the same name'],
];

/** Every key that the schema has, in the order of their names. `services.*.ports[].target` is a key in a list. */
export function schemaKeys(): string[] {
  const found = new Set<string>();
  visit(schema as Part, '', found, 0);
  return [...found].sort();
}

/** Deeper than any key lies; ends definitions that contain themselves. */
const DEPTH = 10;

function visit(given: Part, path: string, found: Set<string>, depth: number): void {
  const part = given.$ref === undefined ? given : (DEFINITIONS[given.$ref.split('/').pop() ?? ''] ?? {});
  if (depth > DEPTH) return;
  for (const form of part.oneOf ?? []) visit(form, path, found, depth + 1);
  for (const [key, below] of Object.entries(part.properties ?? {})) {
    const name = path === '' ? key : `${path}.${key}`;
    found.add(name);
    visit(below, name, found, depth + 1);
  }
  for (const [pattern, below] of Object.entries(part.patternProperties ?? {}))
    if (pattern !== '^x-') visit(below, `${path}.*`, found, depth + 1);
  if (typeof part.additionalProperties === 'object') visit(part.additionalProperties, `${path}.*`, found, depth + 1);
  if (part.items) visit(part.items, `${path}[]`, found, depth + 1);
}

/** Each key with its test or the reason why it has none. */
export function keyRows(): KeyRow[] {
  const tests = new Map(
    KEY_CASES.flatMap(({ keys }) => keys.map((key) => [key.replace(/^S\./, 'services.*.'), keys.join(', ')] as const)),
  );
  return schemaKeys().map((key) => ({
    key,
    test: tests.get(key),
    reason: WITHOUT_EFFECT.find(([pattern]) => pattern.test(key))?.[1],
  }));
}

/** Keys with neither a test nor a reason. */
export function unexplained(rows: readonly KeyRow[]): string[] {
  return rows.filter(({ test, reason }) => test === undefined && reason === undefined).map(({ key }) => key);
}

/** The page docs/reference/compose-keys.md. */
export function page(rows: readonly KeyRow[]): string {
  const lines = rows.map(
    ({ key, test, reason }) =>
      `| \`${key}\` | ${test === undefined ? '' : `\`${test}\``} | ${test === undefined ? (reason ?? '') : ''} |`,
  );
  const tested = rows.filter(({ test }) => test !== undefined).length;
  return `# Keys of a Compose file

Written by \`npm run compose-keys\` from the specification's schema and the cases of \`tests/e2e/compose/keys.test.ts\`, where each key's
effect is seen in a running container; a test fails when a key has neither a case nor a reason. ${tested} of ${rows.length} keys have a case.

| key | case | without one, because it |
| --- | --- | --- |
${lines.join('\n')}
`;
}
