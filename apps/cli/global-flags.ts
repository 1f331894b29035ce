import type { FlagSpec } from './command.ts';

/** Flags that stand before the command. `configDir` only shows in the help's defaults. */
export function globalFlags(configDir: string): readonly FlagSpec[] {
  return [
    { long: 'config', type: 'string', default: configDir, help: 'Location of client config files' },
    {
      long: 'context',
      short: 'c',
      type: 'string',
      help: 'Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var and default context set with "docker context use")',
    },
    { long: 'debug', short: 'D', type: 'bool', help: 'Enable debug mode' },
    { long: 'host', short: 'H', type: 'list', help: 'Daemon socket to connect to' },
    {
      long: 'log-level',
      short: 'l',
      type: 'string',
      default: 'info',
      help: 'Set the logging level ("debug", "info", "warn", "error", "fatal")',
      check: checkLogLevel,
    },
    { long: 'tls', type: 'bool', help: 'Use TLS; implied by --tlsverify' },
    { long: 'tlscacert', type: 'string', default: `${configDir}/ca.pem`, help: 'Trust certs signed only by this CA' },
    { long: 'tlscert', type: 'string', default: `${configDir}/cert.pem`, help: 'Path to TLS certificate file' },
    { long: 'tlskey', type: 'string', default: `${configDir}/key.pem`, help: 'Path to TLS key file' },
    { long: 'tlsverify', type: 'bool', help: 'Use TLS and verify the remote' },
    { long: 'version', short: 'v', type: 'bool', help: 'Print version information and quit' },
  ];
}

function checkLogLevel(level: string): string {
  if (!['debug', 'info', 'warn', 'error', 'fatal'].includes(level))
    throw new Error(`Unable to parse logging level: ${level}`);
  return level;
}
