import { CliError } from '../cli-error.ts';
import { alignTabs } from './tabwriter.ts';
import { goJson } from './template/json.ts';
import { ansiC, parseInstant } from './time.ts';

export interface VersionInfo {
  Client: {
    Platform: { Name: string } | null;
    Version: string;
    ApiVersion: string;
    DefaultAPIVersion: string;
    GoVersion: string;
    GitCommit: string;
    BuildTime: string;
    Os: string;
    Arch: string;
    Context: string;
  };
  /** null when no engine answered. */
  Server: ServerVersion | null;
}

interface ServerVersion {
  Platform?: { Name: string };
  Components?: Component[] | null;
  Version: string;
  ApiVersion: string;
  MinAPIVersion?: string;
  GitCommit: string;
  GoVersion: string;
  Os: string;
  Arch: string;
  Experimental?: boolean;
  BuildTime?: string;
}

interface Component {
  Name: string;
  Version: string;
  Details?: Record<string, string>;
}

/** Wider than lists, closer together: Docker's layout for `version`. */
const LAYOUT = { minWidth: 20, padding: 1 };

/** Throws CliError (exit code 64) when the template cannot be parsed: before the engine is asked. */
export async function checkVersionFormat(format: string): Promise<void> {
  if (format === '' || format === 'json') return;
  const { parse, TemplateError } = await import('./template/index.ts');
  try {
    parse(format, { name: 'version' });
  } catch (error) {
    if (error instanceof TemplateError) throw new CliError(`template parsing error: ${error.message}`, 64);
    throw error;
  }
}

/** `version` as text; `error` when the template does not fit, `text` is then what came before. */
export async function renderVersion(info: VersionInfo, format: string): Promise<{ text: string; error?: string }> {
  const whole = { ...info, Server: info.Server && withEngine(info.Server) };
  if (format === '') return { text: `${alignTabs(standard(whole), LAYOUT)}\n` };
  const { goType } = await import('./types/schema.ts');
  const { versionTypes } = await import('./types/system.ts');
  const data = { type: goType('system.versionInfo', versionTypes), v: whole };
  if (format === 'json') return { text: `${goJson(data, false)}\n` };
  const { executePartly, parse, TEMPLATE_FUNCTIONS } = await import('./template/index.ts');
  const result = executePartly(parse(format, { name: 'version' }), data, { functions: TEMPLATE_FUNCTIONS });
  return { ...result, text: `${alignTabs(result.text, LAYOUT)}\n` };
}

/** Old engines list no components: the engine itself is made into one. Build times are shown in C's form. */
function withEngine(server: ServerVersion): ServerVersion {
  const components = (server.Components ?? []).map((component) => {
    const { Details } = component;
    if (component.Name !== 'Engine' || Details?.BuildTime === undefined) return component;
    return { ...component, Details: { ...Details, BuildTime: buildTime(Details.BuildTime) } };
  });
  if (components.some((component) => component.Name === 'Engine')) return { ...server, Components: components };
  const engine: Component = {
    Name: 'Engine',
    Version: server.Version,
    Details: {
      ApiVersion: server.ApiVersion,
      MinAPIVersion: server.MinAPIVersion ?? '',
      GitCommit: server.GitCommit,
      GoVersion: server.GoVersion,
      Os: server.Os,
      Arch: server.Arch,
      BuildTime: buildTime(server.BuildTime ?? ''),
      Experimental: String(server.Experimental ?? false),
    },
  };
  return { ...server, Components: [...components, engine] };
}

function buildTime(text: string): string {
  const at = parseInstant(text);
  return at ? ansiC(at) : text;
}

function standard({ Client: client, Server: server }: VersionInfo): string {
  const older = client.ApiVersion === client.DefaultAPIVersion ? '' : ` (downgraded from ${client.DefaultAPIVersion})`;
  const lines = [
    `Client:${client.Platform?.Name ? ` ${client.Platform.Name}` : ''}`,
    ` Version:\t${client.Version}`,
    ` API version:\t${client.ApiVersion}${older}`,
    ` Go version:\t${client.GoVersion}`,
    ` Git commit:\t${client.GitCommit}`,
    ` Built:\t${client.BuildTime}`,
    ` OS/Arch:\t${client.Os}/${client.Arch}`,
    ` Context:\t${client.Context}`,
  ];
  if (!server) return lines.join('\n');
  lines.push('', `Server:${server.Platform?.Name ? ` ${server.Platform.Name}` : ''}`);
  for (const component of server.Components ?? []) lines.push(...componentLines(component));
  return lines.join('\n');
}

function componentLines({ Name, Version, Details = {} }: Component): string[] {
  const detail = (key: string) => Details[key] ?? '';
  if (Name !== 'Engine') {
    const keys = Object.keys(Details).sort();
    return [` ${Name}:`, `  Version:\t${Version}`, ...keys.map((key) => `  ${key}:\t${detail(key)}`)];
  }
  return [
    ` ${Name}:`,
    `  Version:\t${Version}`,
    `  API version:\t${detail('ApiVersion')} (minimum version ${detail('MinAPIVersion')})`,
    `  Go version:\t${detail('GoVersion')}`,
    `  Git commit:\t${detail('GitCommit')}`,
    `  Built:\t${detail('BuildTime')}`,
    `  OS/Arch:\t${detail('Os')}/${detail('Arch')}`,
    `  Experimental:\t${detail('Experimental')}`,
  ];
}
