import type { CommandEntry } from '../../command.ts';
import type { ComposeCommand } from './compose.ts';

/** A line of the list of Compose's commands. */
export interface ComposeEntry extends Omit<CommandEntry, 'load'> {
  load: () => Promise<ComposeCommand>;
}

/** What `compose` can do. Names begin with `compose`, so that places and tests are found by them. */
export const composeCommands: readonly ComposeEntry[] = [
  {
    path: 'compose attach',
    summary: "Attach local standard input, output, and error streams to a service's running container",
    load: async () => (await import('./attach.ts')).command,
  },
  {
    path: 'compose bridge convert',
    summary: 'Convert compose files to Kubernetes manifests, Helm charts, or another model',
    load: async () => (await import('./bridge-convert.ts')).command,
  },
  {
    path: 'compose bridge transformations create',
    summary: 'Create a new transformation',
    load: async () => (await import('./bridge-transformations-create.ts')).command,
  },
  {
    path: 'compose bridge transformations list',
    aliases: ['compose bridge transformations ls'],
    summary: 'List available transformations',
    load: async () => (await import('./bridge-transformations-list.ts')).command,
  },
  {
    path: 'compose build',
    summary: 'Build or rebuild services',
    load: async () => (await import('./build.ts')).command,
  },
  {
    path: 'compose commit',
    summary: "Create a new image from a service container's changes",
    load: async () => (await import('./commit.ts')).command,
  },
  {
    path: 'compose config',
    aliases: ['compose convert'],
    summary: 'Parse, resolve and render compose file in canonical format',
    load: async () => (await import('./config.ts')).command,
  },
  {
    path: 'compose cp',
    summary: 'Copy files/folders between a service container and the local filesystem',
    load: async () => (await import('./cp.ts')).command,
  },
  {
    path: 'compose create',
    summary: 'Creates containers for a service',
    load: async () => (await import('./create.ts')).command,
  },
  {
    path: 'compose down',
    summary: 'Stop and remove containers, networks',
    load: async () => (await import('./down.ts')).command,
  },
  {
    path: 'compose events',
    summary: 'Receive real time events from containers',
    load: async () => (await import('./events.ts')).command,
  },
  {
    path: 'compose exec',
    summary: 'Execute a command in a running container',
    load: async () => (await import('./exec.ts')).command,
  },
  {
    path: 'compose export',
    summary: "Export a service container's filesystem as a tar archive",
    load: async () => (await import('./export.ts')).command,
  },
  {
    path: 'compose images',
    summary: 'List images used by the created containers',
    load: async () => (await import('./images.ts')).command,
  },
  {
    path: 'compose kill',
    summary: 'Force stop service containers',
    load: async () => (await import('./kill.ts')).command,
  },
  {
    path: 'compose logs',
    summary: 'View output from containers',
    load: async () => (await import('./logs.ts')).command,
  },
  {
    path: 'compose ls',
    summary: 'List running compose projects',
    load: async () => (await import('./ls.ts')).command,
  },
  {
    path: 'compose pause',
    summary: 'Pause services',
    load: async () => (await import('./pause.ts')).command,
  },
  {
    path: 'compose plan',
    summary: 'Show what up would do, and why',
    load: async () => (await import('./plan.ts')).command,
  },
  {
    path: 'compose port',
    summary: 'Print the public port for a port binding',
    load: async () => (await import('./port.ts')).command,
  },
  {
    path: 'compose ps',
    summary: 'List containers',
    load: async () => (await import('./ps.ts')).command,
  },
  {
    path: 'compose publish',
    summary: 'Publish compose application',
    load: async () => (await import('./publish.ts')).command,
  },
  {
    path: 'compose pull',
    summary: 'Pull service images',
    load: async () => (await import('./pull.ts')).command,
  },
  {
    path: 'compose push',
    summary: 'Push service images',
    load: async () => (await import('./push.ts')).command,
  },
  {
    path: 'compose restart',
    summary: 'Restart service containers',
    load: async () => (await import('./restart.ts')).command,
  },
  {
    path: 'compose rm',
    summary: 'Removes stopped service containers',
    load: async () => (await import('./rm.ts')).command,
  },
  {
    path: 'compose run',
    summary: 'Run a one-off command on a service',
    load: async () => (await import('./run.ts')).command,
  },
  {
    path: 'compose scale',
    summary: 'Scale services',
    load: async () => (await import('./scale.ts')).command,
  },
  {
    path: 'compose start',
    summary: 'Start services',
    load: async () => (await import('./start.ts')).command,
  },
  {
    path: 'compose stats',
    summary: 'Display a live stream of container(s) resource usage statistics',
    load: async () => (await import('./stats.ts')).command,
  },
  {
    path: 'compose stop',
    summary: 'Stop services',
    load: async () => (await import('./stop.ts')).command,
  },
  {
    path: 'compose top',
    summary: 'Display the running processes',
    load: async () => (await import('./top.ts')).command,
  },
  {
    path: 'compose unpause',
    summary: 'Unpause services',
    load: async () => (await import('./unpause.ts')).command,
  },
  {
    path: 'compose up',
    summary: 'Create and start containers',
    load: async () => (await import('./up.ts')).command,
  },
  {
    path: 'compose version',
    summary: 'Show the Docker Compose version information',
    load: async () => (await import('./version.ts')).command,
  },
  {
    path: 'compose viz',
    summary: 'Generate a graphviz graph from your compose file',
    load: async () => (await import('./viz.ts')).command,
  },
  {
    path: 'compose volumes',
    summary: 'List volumes',
    load: async () => (await import('./volumes.ts')).command,
  },
  {
    path: 'compose wait',
    summary: 'Block until containers of all (or specified) services stop.',
    load: async () => (await import('./wait.ts')).command,
  },
  {
    path: 'compose watch',
    summary: 'Watch build context for service and rebuild/refresh containers when files are updated',
    load: async () => (await import('./watch.ts')).command,
  },
];
