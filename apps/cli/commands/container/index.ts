import type { CommandEntry } from '../../command.ts';

/** Container commands: summaries here, everything else in the file that is loaded. */
export const containerCommands: readonly CommandEntry[] = [
  {
    path: 'container attach',
    aliases: ['attach'],
    summary: 'Attach local standard input, output, and error streams to a running container',
    load: async () => (await import('./attach.ts')).command,
  },
  {
    path: 'container commit',
    aliases: ['commit'],
    summary: "Create a new image from a container's changes",
    load: async () => (await import('./commit.ts')).command,
  },
  {
    path: 'container cp',
    aliases: ['cp'],
    summary: 'Copy files/folders between a container and the local filesystem',
    load: async () => (await import('./cp.ts')).command,
  },
  {
    path: 'container create',
    aliases: ['create'],
    summary: 'Create a new container',
    load: async () => (await import('./create.ts')).command,
  },
  {
    path: 'container diff',
    aliases: ['diff'],
    summary: "Inspect changes to files or directories on a container's filesystem",
    load: async () => (await import('./diff.ts')).command,
  },
  {
    path: 'container exec',
    aliases: ['exec'],
    summary: 'Execute a command in a running container',
    load: async () => (await import('./exec.ts')).command,
  },
  {
    path: 'container export',
    aliases: ['export'],
    summary: "Export a container's filesystem as a tar archive",
    load: async () => (await import('./export.ts')).command,
  },
  {
    path: 'container inspect',
    summary: 'Display detailed information on one or more containers',
    load: async () => (await import('./inspect.ts')).command,
  },
  {
    path: 'container kill',
    aliases: ['kill'],
    summary: 'Kill one or more running containers',
    load: async () => (await import('./kill.ts')).command,
  },
  {
    path: 'container logs',
    aliases: ['logs'],
    summary: 'Fetch the logs of a container',
    load: async () => (await import('./logs.ts')).command,
  },
  {
    path: 'container ls',
    aliases: ['container list', 'container ps', 'ps'],
    summary: 'List containers',
    load: async () => (await import('./ls.ts')).command,
  },
  {
    path: 'container pause',
    aliases: ['pause'],
    summary: 'Pause all processes within one or more containers',
    load: async () => (await import('./pause.ts')).command,
  },
  {
    path: 'container port',
    aliases: ['port'],
    summary: 'List port mappings or a specific mapping for the container',
    load: async () => (await import('./port.ts')).command,
  },
  {
    path: 'container prune',
    summary: 'Remove all stopped containers',
    load: async () => (await import('./prune.ts')).command,
  },
  {
    path: 'container rename',
    aliases: ['rename'],
    summary: 'Rename a container',
    load: async () => (await import('./rename.ts')).command,
  },
  {
    path: 'container restart',
    aliases: ['restart'],
    summary: 'Restart one or more containers',
    load: async () => (await import('./restart.ts')).command,
  },
  {
    path: 'container rm',
    aliases: ['container remove', 'rm'],
    summary: 'Remove one or more containers',
    load: async () => (await import('./rm.ts')).command,
  },
  {
    path: 'container run',
    aliases: ['run'],
    summary: 'Create and run a new container from an image',
    load: async () => (await import('./run.ts')).command,
  },
  {
    path: 'container start',
    aliases: ['start'],
    summary: 'Start one or more stopped containers',
    load: async () => (await import('./start.ts')).command,
  },
  {
    path: 'container stats',
    aliases: ['stats'],
    summary: 'Display a live stream of container(s) resource usage statistics',
    load: async () => (await import('./stats.ts')).command,
  },
  {
    path: 'container stop',
    aliases: ['stop'],
    summary: 'Stop one or more running containers',
    load: async () => (await import('./stop.ts')).command,
  },
  {
    path: 'container top',
    aliases: ['top'],
    summary: 'Display the running processes of a container',
    load: async () => (await import('./top.ts')).command,
  },
  {
    path: 'container unpause',
    aliases: ['unpause'],
    summary: 'Unpause all processes within one or more containers',
    load: async () => (await import('./unpause.ts')).command,
  },
  {
    path: 'container update',
    aliases: ['update'],
    summary: 'Update configuration of one or more containers',
    load: async () => (await import('./update.ts')).command,
  },
  {
    path: 'container wait',
    aliases: ['wait'],
    summary: 'Block until one or more containers stop, then print their exit codes',
    load: async () => (await import('./wait.ts')).command,
  },
];
