import { BerthError } from '@berth/kit';
import type { Project, Service } from '../model.ts';
import { entry, type Node, placeText } from './node.ts';

/** Checks that everything that is referred to is there. Sentences are Docker's, with the place. Throws 'invalid'. */
export function checkConsistency(project: Project): void {
  for (const [name, service] of Object.entries(project.services)) checkService(name, service, project);
  // What has no fields is nothing at all where it was not normalized.
  for (const [name, secret] of Object.entries(project.secrets)) {
    const { file, environment, content, external } = secret ?? {};
    if (![file, environment, content].some((value) => value !== undefined) && !external)
      throw bad(
        project,
        ['secrets', name],
        `secret ${JSON.stringify(name)} must declare either \`file\` or \`environment\``,
      );
  }
  for (const [name, config] of Object.entries(project.configs)) {
    const { file, environment, content, external } = config ?? {};
    const given = [file, environment, content].filter((value) => value !== undefined).length;
    if (given !== 1 && !external)
      throw bad(
        project,
        ['configs', name],
        `config ${JSON.stringify(name)} must declare exactly one of \`file\`, \`content\` or \`environment\``,
      );
  }
  refuseCycles(project);
}

function checkService(name: string, service: Service, project: Project): void {
  const at = (...path: string[]) => ['services', name, ...path];
  const quoted = JSON.stringify(name);
  const invalid = (path: string[], message: string) => bad(project, path, `${message}: invalid compose project`);
  if (!service.image && !service.build && !service.provider)
    throw invalid(at(), `service ${quoted} has neither an image nor a build context specified`);
  if (service.network_mode && service.networks)
    throw invalid(at('network_mode'), `service ${name} declares mutually exclusive \`network_mode\` and \`networks\``);
  for (const network of Object.keys(service.networks ?? {}))
    if (!Object.hasOwn(project.networks, network))
      throw invalid(at('networks', network), `service ${quoted} refers to undefined network ${network}`);
  for (const mount of service.volumes ?? [])
    if (mount.type === 'volume' && mount.source && !Object.hasOwn(project.volumes, mount.source))
      throw invalid(at('volumes'), `service ${quoted} refers to undefined volume ${mount.source}`);
  for (const kind of ['secrets', 'configs'] as const) {
    const known = project[kind];
    for (const { source } of service[kind] ?? [])
      if (!Object.hasOwn(known, source))
        throw invalid(at(kind), `service ${quoted} refers to undefined ${kind.slice(0, -1)} ${source}`);
  }
  for (const model of Object.keys(service.models ?? {}))
    if (!Object.hasOwn(project.models, model))
      throw invalid(at('models'), `service ${quoted} refers to undefined model ${model}`);
  checkDependencies(name, service, project);
  if (service.build?.dockerfile_inline && service.build.dockerfile)
    throw invalid(at('build'), `service ${quoted} declares mutualy exclusive dockerfile and dockerfile_inline`);
  checkScale(name, service, project);
}

function checkDependencies(name: string, service: Service, project: Project): void {
  for (const [other, { required }] of Object.entries(service.depends_on ?? {})) {
    if (project.services[other] || required === false) continue;
    const profiles = project.disabled[other]?.profiles;
    const why = profiles ? ` (it is there with the profiles ${profiles.join(', ')}, none of which is active)` : '';
    throw bad(
      project,
      ['services', name, 'depends_on'],
      `service ${JSON.stringify(name)} depends on undefined service ${JSON.stringify(other)}${why}: invalid compose project`,
    );
  }
}

function checkScale(name: string, service: Service, project: Project): void {
  const { scale, deploy, container_name: fixed } = service;
  if (scale !== undefined && deploy?.replicas !== undefined && scale !== deploy.replicas)
    throw bad(
      project,
      ['services', name, 'scale'],
      `services.${name}: can't set distinct values on 'scale' and 'deploy.replicas': invalid compose project`,
    );
  if (fixed && (scale ?? deploy?.replicas ?? 1) > 1)
    throw bad(
      project,
      ['services', name, 'container_name'],
      `services.${name}: can't set container_name and scale: the container name ${JSON.stringify(fixed)} can be used once only: invalid compose project`,
    );
}

/** Depth first; the chain is in the error. */
function refuseCycles(project: Project): void {
  const done = new Set<string>();
  const visit = (name: string, chain: readonly string[]): void => {
    if (chain.includes(name)) {
      const cycle = [...chain.slice(chain.indexOf(name)), name].join(' -> ');
      throw bad(project, ['services', name, 'depends_on'], `dependency cycle detected: ${cycle}`);
    }
    if (done.has(name)) return;
    for (const next of Object.keys(project.services[name]?.depends_on ?? {})) visit(next, [...chain, name]);
    done.add(name);
  };
  for (const name of Object.keys(project.services)) visit(name, []);
}

function bad(project: Project, path: readonly string[], message: string): BerthError {
  let at: Node = project.tree;
  for (const key of path) at = entry(at, key) ?? at;
  const place = at.key ?? at.source;
  return new BerthError('invalid', place.line > 0 ? `${placeText(place)}: ${message}` : message);
}
