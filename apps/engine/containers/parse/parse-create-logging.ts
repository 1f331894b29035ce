import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';

/** Docker's drivers that this engine does not have. */
const FOREIGN_DRIVERS = [
  'syslog',
  'journald',
  'gelf',
  'fluentd',
  'awslogs',
  'splunk',
  'gcplogs',
  'etwlogs',
  'logentries',
];
/** Options that Docker's own drivers take and this engine does not honour. */
const FOREIGN_OPTIONS = [
  'compress',
  'labels',
  'labels-regex',
  'env',
  'env-regex',
  'tag',
  'max-buffer-size',
  'cache-disabled',
];

/** Checks `LogConfig` and fills its default. Errors: invalid (`logger: no log driver named …`), not-supported. */
export function checkLogConfig(host: HostConfig): void {
  const { Config } = host.LogConfig;
  const Type = host.LogConfig.Type || 'json-file';
  host.LogConfig = { Type, Config };
  if (FOREIGN_DRIVERS.includes(Type)) {
    throw new BerthError('not-supported', `log driver "${Type}" is not supported by this version of Berth`, {
      hint: 'Use json-file, local or none.',
    });
  }
  if (!['json-file', 'local', 'none'].includes(Type)) {
    throw new BerthError('invalid', `logger: no log driver named '${Type}' is registered`);
  }
  for (const [name, value] of Object.entries(Config)) checkOption(Type, name, value);
}

function checkOption(driver: string, name: string, value: string): void {
  if (driver === 'none' || (!OPTIONS.has(name) && !FOREIGN_OPTIONS.includes(name))) {
    throw new BerthError('invalid', `unknown log opt '${name}' for ${driver} log driver`);
  }
  const check = OPTIONS.get(name);
  if (!check) throw new BerthError('not-supported', `log option "${name}" is not supported by this version of Berth`);
  if (name === 'mode' && value === 'non-blocking') {
    throw new BerthError('not-supported', 'log option "mode=non-blocking" is not supported by this version of Berth');
  }
  if (!check.test(value)) throw new BerthError('invalid', `invalid value for log opt '${name}': ${value}`);
}

const OPTIONS = new Map([
  ['max-size', /^(-1|\d+(\.\d+)? ?([kmgtKMGT][iI]?)?[bB]?)$/],
  ['max-file', /^[1-9]\d{0,5}$/],
  ['mode', /^(blocking)?$/],
]);
