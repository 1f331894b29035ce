import { type ContainerSummary, containerSpec } from './containers.ts';
import { type ListSpec, renderList } from './list.ts';
import { displayPorts } from './ports.ts';

/** A container of a project in lists. */
export interface ComposeContainer extends ContainerSummary {
  Service: string;
  Name: string;
  Project: string;
}

const COLUMNS = ['Name', 'Image', 'Command', 'Service', 'RunningFor', 'Status', 'Ports'] as const;

/** `compose ps`: the standard table, `json` or a format of the user's own. */
export function renderComposePs(
  containers: readonly ComposeContainer[],
  format: string,
  trunc: boolean,
): Promise<string> {
  const sorted = [...containers].sort((a, b) => (a.Name < b.Name ? -1 : 1));
  const isTable = format === '' || format === 'table' || format === 'pretty';
  if (format === 'json')
    return Promise.resolve(sorted.map((container) => `${JSON.stringify(jsonRow(container, trunc))}\n`).join(''));
  return renderList(sorted, spec(trunc), isTable ? { kind: 'table', columns: COLUMNS } : { kind: 'custom', format });
}

function spec(trunc: boolean): ListSpec<ComposeContainer> {
  const base = containerSpec(trunc);
  const own = base as ListSpec<ComposeContainer>;
  return {
    ...own,
    headers: {
      ...base.headers,
      Name: 'NAME',
      Service: 'SERVICE',
      Project: 'PROJECT',
      Health: 'HEALTH',
      ExitCode: 'EXIT CODE',
    },
    fields: {
      ...own.fields,
      Name: (c) => c.Name,
      Service: (c) => c.Service,
      Project: (c) => c.Project,
      Health: (c) => health(c),
      ExitCode: (c) => exitCode(c),
      Image: (c) => c.Image,
    },
  };
}

function health({ Status }: ComposeContainer): string {
  return /\((?:health: )?(healthy|unhealthy|starting)\)/.exec(Status)?.[1] ?? '';
}

function exitCode({ Status }: ComposeContainer): number {
  return Number(/^Exited \((\d+)\)/.exec(Status)?.[1] ?? 0);
}

/** Fields and their order are those of Docker Compose. */
function jsonRow(container: ComposeContainer, trunc: boolean): object {
  const base = containerSpec(trunc);
  const field = (name: string) => base.fields[name]?.(container);
  return {
    Command: field('Command'),
    CreatedAt: field('CreatedAt'),
    ExitCode: exitCode(container),
    Health: health(container),
    ID: field('ID'),
    Image: container.Image,
    Labels: field('Labels'),
    LocalVolumes: field('LocalVolumes'),
    Mounts: field('Mounts'),
    Name: container.Name,
    Names: field('Names'),
    Networks: field('Networks'),
    Ports: displayPorts(container.Ports ?? []),
    Project: container.Project,
    Publishers: (container.Ports ?? []).map(({ IP, PrivatePort, PublicPort, Type }) => ({
      URL: IP ?? '',
      TargetPort: PrivatePort,
      PublishedPort: PublicPort ?? 0,
      Protocol: Type,
    })),
    RunningFor: field('RunningFor'),
    Service: container.Service,
    Size: '0B',
    State: container.State,
    Status: container.Status,
  };
}
