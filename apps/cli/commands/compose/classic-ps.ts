import { type ContainerDetails, inspectContainer } from '@berth/client';
import type { SeenContainer } from '@berth/compose';
import { classicTable } from '../../render/classic-table.ts';
import type { Compose } from './compose.ts';

/** The table of `docker-compose ps`. */
export async function classicPs(compose: Compose, shown: readonly SeenContainer[]): Promise<string> {
  const details = await Promise.all(shown.map(({ id }) => inspectContainer(compose.context.client, id)));
  const rows = details
    .sort((a, b) => (a.Name < b.Name ? -1 : 1))
    .map((container) => [container.Name.replace(/^\//, ''), command(container), state(container), ports(container)]);
  return classicTable(['Name', 'Command', 'State', 'Ports'], rows, compose.context.out.size()?.columns ?? 999);
}

function command({ Config: { Entrypoint, Cmd } }: ContainerDetails): string {
  const text = [...(Entrypoint ?? []), ...(Cmd ?? [])].join(' ');
  return text.length > 30 ? `${text.slice(0, 26)} ...` : text;
}

function state({ State }: ContainerDetails): string {
  const { Health } = State as { Health?: { Status: string } };
  if (State.Paused) return 'Paused';
  if (State.Restarting) return 'Restarting';
  if (!State.Running) return `Exit ${State.ExitCode}`;
  if (!Health || Health.Status === 'none') return 'Up';
  return Health.Status === 'starting' ? 'Up (health: starting)' : `Up (${Health.Status})`;
}

function ports({ NetworkSettings: { Ports } }: ContainerDetails): string {
  return Object.entries(Ports ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([inside, outside]) =>
      outside?.length ? outside.map(({ HostIp, HostPort }) => `${HostIp}:${HostPort}->${inside}`).join(',') : inside,
    )
    .join(', ');
}
