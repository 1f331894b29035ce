import { CliError } from './cli-error.ts';
import { splitCsv } from './commands/container/options/csv.ts';

/** Headers of DOCKER_CUSTOM_HEADERS (`name=value,…`), which take the place of config.json's; undefined when it is not set. */
export function customHeaders(env: Readonly<Record<string, string | undefined>>): Record<string, string> | undefined {
  const variable = env.BERTH_CUSTOM_HEADERS ? 'BERTH_CUSTOM_HEADERS' : 'DOCKER_CUSTOM_HEADERS';
  const text = env[variable];
  if (!text) return undefined;
  const bad = (why: string) =>
    new CliError(`Failed to initialize: failed to set custom headers from ${variable} environment variable: ${why}`);
  let fields: string[];
  try {
    fields = splitCsv(text);
  } catch {
    throw bad('value must be formatted as comma-separated key=value pairs');
  }
  return Object.fromEntries(
    fields.map((pair) => {
      const equals = pair.indexOf('=');
      const name = pair.slice(0, Math.max(0, equals)).trim();
      if (equals < 0) throw bad(`missing "=" in key=value pair: '${pair}'`);
      if (name === '') throw bad(`value contains a key=value pair with an empty key: '${pair}'`);
      return [name, pair.slice(equals + 1)];
    }),
  );
}
