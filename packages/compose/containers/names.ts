import type { Project, Service } from '../model.ts';

/** `current`: names as today's Docker Compose gives them; `classic`: those of docker-compose 1.29. */
export type Style = 'current' | 'classic';

export function separatorOf(style: Style): string {
  return style === 'classic' ? '_' : '-';
}

/** `PROJECT-SERVICE-N`, or the name that the file gives. */
export function containerName(project: Project, service: string, number: number, style: Style): string {
  const fixed = project.services[service]?.container_name;
  return fixed ?? [project.name, service, number].join(separatorOf(style));
}

/** The image that a service runs: the one that is named, or the one that is built for it. */
export function imageName(project: Project, name: string, service: Service, style: Style): string {
  return service.image ?? `${project.name}${separatorOf(style)}${name}`;
}

/** `web-1` of `shop-web-1`: how logs name a container. A name that the file gives is shown whole. */
export function shortName(container: string, project: string): string {
  const rest = container.startsWith(project) ? container.slice(project.length) : '';
  return /^[-_].+[-_]\d+$/.test(rest) ? rest.slice(1) : container;
}

/** Numbers 1 to this. */
export function scaleOf(service: Service): number {
  return service.scale ?? service.deploy?.replicas ?? 1;
}
