import { type Build, imageName, type Plain, type Project, type Style } from '@berth/compose';
import { type BuildOptions, inOrder } from './build-services.ts';

/** What flags of `compose build` change of the file. */
export type BakeOptions = Pick<BuildOptions, 'args' | 'noCache' | 'pull' | 'ssh' | 'provenance' | 'sbom' | 'check'> & {
  push?: boolean;
};

/** The builds of services as a file for `buildx bake`, in its own words for what Compose writes otherwise. */
export function bakeFile(
  project: Project,
  services: readonly string[],
  style: Style,
  options: BakeOptions = {},
): Plain {
  const target = (name: string): Plain => {
    const service = project.services[name] ?? {};
    const build = service.build ?? {};
    const isPushed = options.push && service.image !== undefined;
    const made = {
      context: build.context,
      contexts: build.additional_contexts && contextsOf(build.additional_contexts),
      dockerfile: build.dockerfile,
      'dockerfile-inline': build.dockerfile_inline,
      args: argsOf(project, build, options.args ?? []),
      labels: build.labels,
      tags: [imageName(project, name, service, style), ...(build.tags ?? [])],
      'cache-from': build.cache_from,
      'cache-to': build.cache_to,
      platforms: build.platforms ?? (service.platform ? [service.platform] : undefined),
      target: build.target,
      secret: build.secrets?.map(({ source, target: id = source }) => secretOf(project, id, source)),
      ssh: options.ssh ? [options.ssh, ...(build.ssh ?? [])] : build.ssh,
      'no-cache': options.noCache || build.no_cache || undefined,
      'no-cache-filter': build.no_cache_filter,
      pull: options.pull || build.pull || undefined,
      network: build.network,
      'shm-size': build.shm_size,
      ulimits: limitsOf(build),
      entitlements: build.entitlements,
      'extra-hosts':
        build.extra_hosts &&
        Object.fromEntries(Object.entries(build.extra_hosts).map(([host, all]) => [host, all.join(',')])),
      attest: attestsOf(options.provenance || build.provenance, options.sbom || build.sbom),
      ...(options.check ? { call: 'lint' } : { output: [isPushed ? 'type=registry' : 'type=docker'] }),
    };
    return JSON.parse(JSON.stringify(made)) as Plain;
  };
  return {
    group: { default: { targets: [...services] } },
    target: Object.fromEntries(inOrder(project, services).map((name) => [name, target(name)])),
  };
}

function contextsOf(contexts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(contexts).map(([name, value]) => [name, value.replace(/^service:/, 'target:')]),
  );
}

/** Those of the file with those of the command line over them; a name alone takes its value from the variables. */
function argsOf(
  { variables }: Project,
  { args }: Build,
  given: readonly string[],
): Record<string, string | undefined> | undefined {
  if (!args && given.length === 0) return undefined;
  const words = given.map((text): [string, string | null] => {
    const equals = text.indexOf('=');
    return equals < 0 ? [text, null] : [text.slice(0, equals), text.slice(equals + 1)];
  });
  const all = Object.entries({ ...args, ...Object.fromEntries(words) });
  return Object.fromEntries(all.map(([name, value]) => [name, value ?? variables.get(name)?.value]));
}

function secretOf(project: Project, id: string, source: string): string {
  const { file, environment } = project.secrets[source] ?? {};
  if (file !== undefined) return `id=${id},type=file,src=${file}`;
  return `id=${id},type=env,env=${environment ?? ''}`;
}

function limitsOf({ ulimits }: Build): string[] | undefined {
  return (
    ulimits &&
    Object.entries(ulimits).map(([name, limit]) =>
      typeof limit === 'number' ? `${name}=${limit}` : `${name}=${limit.soft}:${limit.hard}`,
    )
  );
}

/** `mode=max` and the like as they are written; a truth says whether there is one at all. */
function attestsOf(provenance: Build['provenance'], sbom: Build['sbom']): string[] | undefined {
  const made = Object.entries({ provenance, sbom }).flatMap(([type, value]) => {
    if (value === undefined || value === '') return [];
    const text = String(value);
    if (text === 'true') return [`type=${type}`];
    return [text === 'false' ? `type=${type},disabled=true` : `type=${type},${text}`];
  });
  return made.length ? made : undefined;
}
