import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { checkLogging, isRemote } from '../log-drivers/index.ts';

/**
 * Checks `LogConfig`, in which the engine's own defaults are already.
 * Errors: invalid (`logger: no log driver named …`, `unknown log opt …`), not-supported.
 */
export function checkLogConfig(host: HostConfig): void {
  host.LogConfig.Type ||= 'json-file';
  checkLogging(host.LogConfig);
  if (isRemote(host.LogConfig.Type))
    throw new BerthError(
      'not-supported',
      `log driver "${host.LogConfig.Type}" is not supported by this version of Berth`,
    );
}
