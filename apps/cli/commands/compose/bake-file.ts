import { imageName, type Plain, type Project, type Style } from '@berth/compose';

/** The builds of services as a file for `buildx bake`. */
export function bakeFile(project: Project, services: readonly string[], style: Style): Plain {
  const target = (name: string): Plain => {
    const service = project.services[name] ?? {};
    const build = service.build ?? {};
    const made = {
      context: build.context,
      dockerfile: build.dockerfile,
      'dockerfile-inline': build.dockerfile_inline,
      args: build.args && Object.fromEntries(Object.entries(build.args).filter(([, value]) => value !== null)),
      labels: build.labels,
      tags: [imageName(project, name, service, style), ...(build.tags ?? [])],
      'cache-from': build.cache_from,
      'cache-to': build.cache_to,
      platforms: build.platforms,
      target: build.target,
      'no-cache': build.no_cache || undefined,
      pull: build.pull || undefined,
      ssh: build.ssh,
      network: build.network,
      contexts: build.additional_contexts,
      output: ['type=docker'],
    };
    return JSON.parse(JSON.stringify(made)) as Plain;
  };
  return {
    group: { default: { targets: [...services] } },
    target: Object.fromEntries(services.map((name) => [name, target(name)])),
  };
}
