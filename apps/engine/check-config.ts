import type { TlsOptions } from 'node:tls';
import { type Address, checkAddresses, exposureWarnings, isOpenToOthers, readTls } from './api/index.ts';
import type { EngineConfig } from './config.ts';
import { checkEngineDefaults } from './containers/index.ts';
import { parseMetricsAddress } from './metrics/index.ts';

/** What was made of settings that name files and addresses. */
export interface CheckedConfig {
  tls: TlsOptions | undefined;
  /** Everything that will be listened on, metrics included. */
  addresses: Address[];
  /** Sentences for `info` about what is open to others. */
  warnings: string[];
}

/** Looks at everything that the settings name, before anything is made; `dry`: nothing will be. Errors: invalid, naming the setting. */
export function checkConfig(config: EngineConfig, options = { dry: false }): CheckedConfig {
  const tls = readTls(config);
  const addresses = checkAddresses(config, tls, options);
  checkEngineDefaults(config);
  const warnings = exposureWarnings(addresses, tls);
  if (config.tls && isOpenToOthers(config.tlsKey))
    warnings.push(`WARNING: other users of this machine may read the key of the API, ${config.tlsKey}`);
  if (config.metricsAddress !== undefined)
    addresses.push({ kind: 'tcp', ...parseMetricsAddress(config.metricsAddress, tls) });
  return { tls, addresses, warnings };
}
