import { imageName, type Project } from '@berth/compose';
import { type Compose, type ComposeCommand, openProject } from './compose.ts';
import { FLAGS } from './flags/viz.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS]',
  flags: FLAGS,
  args: { min: 0, max: 0 },
  async run(compose, { flags }) {
    const indent = (flags.bool('spaces') ? ' ' : '\t').repeat(Math.max(0, flags.number('indentation-size')));
    const project = openProject(compose);
    const show = { networks: flags.bool('networks'), ports: flags.bool('ports'), image: flags.bool('image') };
    compose.context.out.write(graph(compose, project, indent, show));
    return 0;
  },
};

/** The services and what they depend on, in the language of Graphviz. */
function graph(
  { style }: Compose,
  project: Project,
  indent: string,
  show: { networks: boolean; ports: boolean; image: boolean },
): string {
  const lines = [`digraph ${quoted(project.name)} {`, `${indent}layout=dot;`, `${indent}nodesep=0.6;`];
  for (const [name, service] of Object.entries(project.services)) {
    const parts = [`<b>${html(service.container_name ?? name)}</b>`];
    if (show.networks)
      for (const network of Object.keys(service.networks ?? {}))
        parts.push(`<font point-size="10">network: ${html(network)}</font>`);
    if (show.ports)
      for (const { published = '', target, protocol = 'tcp', host_ip: ip } of service.ports ?? [])
        parts.push(`<font point-size="10">${html(`${ip ? `${ip}:` : ''}${published}:${target}/${protocol}`)}</font>`);
    if (show.image) parts.push(`<font point-size="10">image: ${html(imageName(project, name, service, style))}</font>`);
    lines.push(
      `${indent}${quoted(name)} [style="filled" label=<<font point-size="15">${parts.join('<br/>')}</font>>];`,
    );
  }
  for (const [name, service] of Object.entries(project.services))
    for (const other of Object.keys(service.depends_on ?? {}))
      lines.push(`${indent}${quoted(name)} -> ${quoted(other)};`);
  return `${lines.join('\n')}\n}\n`;
}

const quoted = (text: string) => JSON.stringify(text);
const html = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
