import type { HostConfig } from '@berth/contract';
import { checkLogging } from '../log-drivers/index.ts';

/**
 * Checks `LogConfig`, in which the engine's own defaults are already.
 * Errors: invalid (`logger: no log driver named …`, `unknown log opt …`), not-supported.
 */
export function checkLogConfig(host: HostConfig): void {
  host.LogConfig.Type ||= 'json-file';
  checkLogging(host.LogConfig);
}
