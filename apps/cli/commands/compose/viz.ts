import { imageName, type Port, type Project } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import { type Compose, type ComposeCommand, openProject } from './compose.ts';
import { FLAGS } from './flags/viz.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS]',
  flags: FLAGS,
  args: { min: 0, max: 0 },
  async run(compose, { flags }) {
    const size = flags.number('indentation-size');
    if (size < 0) throw new CliError(`invalid indentation size: ${size}`);
    const indent = (flags.bool('spaces') ? ' ' : '\t').repeat(size);
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
  const lines = [`digraph ${quoted(project.name)} {`, `${indent}layout=dot;`];
  for (const [name, service] of Object.entries(project.services)) {
    const networks = show.networks ? Object.keys(service.networks ?? {}) : [];
    const ports = show.ports ? (service.ports ?? []).map(portText) : [];
    const images = show.image ? [imageName(project, name, service, style)] : [];
    const label = `<font point-size="15">${html(name)}</font>${part('Networks', networks)}${part('Ports', ports)}${part('Image', images)}`;
    lines.push(`${indent}${quoted(name)} [style="filled" label=<${label}>];`);
  }
  lines.push('');
  for (const [name, service] of Object.entries(project.services))
    for (const other of Object.keys(service.depends_on ?? {}))
      lines.push(`${indent}${quoted(name)} -> ${quoted(other)};`);
  return `${lines.join('\n')}\n}\n`;
}

/** What else is told about a service, below its name. */
function part(title: string, texts: readonly string[]): string {
  if (texts.length === 0) return '';
  return `<font point-size="10"><br/><br/><b>${title}:</b><br/>${texts.map(html).join('<br/>')}</font>`;
}

function portText({ published = '', target, protocol = 'tcp', mode = 'ingress', host_ip: ip }: Port): string {
  return `${ip ? `${ip}:` : ''}${published}:${target} (${protocol}, ${mode})`;
}

const quoted = (text: string) => JSON.stringify(text);
const html = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
