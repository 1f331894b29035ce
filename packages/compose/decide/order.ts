import type { Project } from '../model.ts';

/** Services with everything that they depend on, dependencies first; the order of the file otherwise. */
export function withDependencies(project: Project, names: readonly string[], follow: boolean): string[] {
  const wanted = names.length ? names : Object.keys(project.services);
  const ordered: string[] = [];
  const visit = (name: string) => {
    const service = project.services[name];
    if (!service || ordered.includes(name)) return;
    if (follow) for (const other of Object.keys(service.depends_on ?? {})) visit(other);
    if (!ordered.includes(name)) ordered.push(name);
  };
  if (follow) {
    for (const name of wanted) visit(name);
    return ordered;
  }
  // Without the others, the order among those that are wanted still counts.
  return withDependencies(project, wanted, true).filter((name) => wanted.includes(name));
}

/** Services that wish to be restarted with one of these, over any number of steps. */
export function dependentsOf(project: Project, names: readonly string[]): string[] {
  const wanted = new Set(names);
  for (let before = -1; before !== wanted.size; ) {
    before = wanted.size;
    for (const [name, service] of Object.entries(project.services))
      if (Object.entries(service.depends_on ?? {}).some(([other, { restart }]) => restart && wanted.has(other)))
        wanted.add(name);
  }
  return [...wanted].filter((name) => !names.includes(name));
}
