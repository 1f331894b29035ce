import { createLogger } from '@berth/kit';
import { DEFAULT_CONFIG, type EngineConfig } from '../../../../apps/engine/config.ts';
import { createNetworks } from '../../../../apps/engine/networks/index.ts';
import type { AttachRequest, Sandbox, SandboxRequest } from '../../../../apps/engine/networks/model.ts';
import { openDatabase } from '../../../../apps/engine/state/database.ts';
import { answerCalls } from './rpc.ts';

/** The networks of an engine as a process of its own, so that it can live in a namespace and be killed. */
const config: EngineConfig = { ...DEFAULT_CONFIG, ...(JSON.parse(process.argv[2] ?? '{}') as Partial<EngineConfig>) };
const events: unknown[] = [];
const logged: string[] = [];
const networks = createNetworks({
  config,
  db: openDatabase(`${config.dataRoot}/berth.db`),
  log: createLogger('debug', 'text', (line) => logged.push(line)),
  publish: (...event) => events.push(event),
  users: { containersOf: () => [], connect: async () => undefined, disconnect: async () => undefined },
});

const engine = {
  start: () => networks.start(),
  stop: () => networks.stop(),
  destroy: () => networks.destroy(),
  open: (request: SandboxRequest) => networks.open(request),
  close: (containerId: string, sandbox: Sandbox) => networks.close(containerId, sandbox),
  reconcile: (live: { containerId: string; containerName: string; sandbox: Sandbox }[]) => networks.reconcile(live),
  rename: (containerId: string, name: string) => networks.rename(containerId, name),
  create: (body: Record<string, unknown>) => networks.create(body),
  remove: (name: string) => networks.remove(name),
  attach: (request: AttachRequest) => networks.attach(request),
  detach: (containerId: string, sandbox: Sandbox, networkId: string) =>
    networks.detach(containerId, sandbox, networkId),
  list: (filters: Record<string, string[]>) => networks.list(filters),
  inspect: (name: string) => networks.inspect(name),
  events: () => events.splice(0),
  logged: () => logged.splice(0),
  /** Milliseconds of `count` openings and closings each, for the record. */
  time: async (count: number, ports: SandboxRequest['ports']) => {
    const times = { open: [] as number[], close: [] as number[] };
    for (let i = 0; i < count; i++) {
      const containerId = i.toString(16).padStart(64, 'e');
      const before = performance.now();
      const sandbox = await networks.open({
        containerId,
        containerName: `timed${i}`,
        mode: 'bridge',
        ports,
        macAddress: undefined,
      });
      const between = performance.now();
      await networks.close(containerId, sandbox);
      times.open.push(between - before);
      times.close.push(performance.now() - between);
    }
    return times;
  },
};

export type Engine = typeof engine;

answerCalls(engine);
