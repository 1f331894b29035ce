import { family, Histogram, type Labels } from '@berth/kit';
import { processMetrics } from './process.ts';

/** Where figures come from; joined in main.ts. */
export interface MetricSources {
  containers: {
    service: { counts(): { running: number; paused: number; stopped: number } };
    healthChecks(): { total: number; failed: number };
  };
  events: { published(): number; listeners(): number };
  /** What `engine_daemon_engine_info` says, and the host's processors and memory in bytes. */
  system: { forMetrics(): { info: Labels; cpus: number; memory: number } };
}

/** All figures of one engine. */
export interface Metrics {
  /** A request was answered: the route's audit name, status, seconds. */
  answered(route: string, status: number, seconds: number): void;
  text(): string;
}

/** Docker's names of what takes time, by route. */
const ACTIONS: Readonly<Record<string, string>> = {
  'container.changes': 'changes',
  'image.commit': 'commit',
  'container.create': 'create',
  'container.remove': 'delete',
  'container.start': 'start',
};

export function createMetrics(sources: MetricSources): Metrics {
  const actions = new Histogram(
    'engine_daemon_container_actions_seconds',
    'The number of seconds it takes to process each container action',
    'action',
    Object.values(ACTIONS).sort(),
  );
  const requests = new Map<string, number>();
  return {
    answered: (route, status, seconds) => {
      const action = ACTIONS[route];
      if (action !== undefined && status < 400) actions.observe(action, seconds);
      const key = `${route} ${status}`;
      requests.set(key, (requests.get(key) ?? 0) + 1);
    },
    text: () => `${engineText(sources, actions)}${requestText(requests)}${processMetrics()}`,
  };
}

function engineText({ containers, events, system }: MetricSources, actions: Histogram): string {
  const states = containers.service.counts();
  const checks = containers.healthChecks();
  const { info, cpus, memory } = system.forMetrics();
  const single = (name: string, kind: 'counter' | 'gauge', help: string, value: number) =>
    family(`engine_daemon_${name}`, kind, help, [{ value }]);
  return [
    actions.text(),
    family(
      'engine_daemon_container_states_containers',
      'gauge',
      'The count of containers in various states',
      (['paused', 'running', 'stopped'] as const).map((state) => ({ labels: { state }, value: states[state] })),
    ),
    single('engine_cpus_cpus', 'gauge', 'The number of cpus that the host system of the engine has', cpus),
    family('engine_daemon_engine_info', 'gauge', 'The information related to the engine and the OS it is running on', [
      { labels: info, value: 1 },
    ]),
    single(
      'engine_memory_bytes',
      'gauge',
      'The number of bytes of memory that the host system of the engine has',
      memory,
    ),
    single('events_subscribers_total', 'gauge', 'The number of current subscribers to events', events.listeners()),
    single('events_total', 'counter', 'The number of events logged', events.published()),
    single('health_checks_failed_total', 'counter', 'The total number of failed health checks', checks.failed),
    single('health_checks_total', 'counter', 'The total number of health checks', checks.total),
  ].join('');
}

function requestText(requests: ReadonlyMap<string, number>): string {
  const samples = [...requests].sort().map(([key, value]) => {
    const [route = '', code = ''] = key.split(' ');
    return { labels: { route, code }, value };
  });
  return family('berth_api_requests_total', 'counter', 'The number of API requests that were answered', samples);
}
