import { engineEvents, jsonLines } from '@berth/client';
import { LABEL } from '@berth/compose';
import type { Compose } from './compose.ts';

/** An event of a container of the project. */
export interface ContainerEvent {
  action: string;
  id: string;
  name: string;
  service: string;
  oneOff: boolean;
  exitCode: number;
  /** Seconds since the epoch with a fraction. */
  time: string;
  attributes: Record<string, string>;
}

interface WireEvent {
  Action?: string;
  status?: string;
  Actor?: { ID?: string; Attributes?: Record<string, string> };
  time?: number;
  timeNano?: number;
}

/** Events of a project's containers, for as long as `signal` lets. `onOpen` is called once none can be missed any more. */
export async function* projectEvents(
  compose: Compose,
  project: string,
  signal: AbortSignal,
  options: { since?: string; until?: string; onOpen?: () => void } = {},
): AsyncGenerator<ContainerEvent> {
  const response = await engineEvents(compose.context.client, {
    since: options.since ?? '',
    until: options.until ?? '',
    filters: { type: ['container'], label: [`${LABEL.project}=${project}`] },
    signal,
  });
  options.onOpen?.();
  try {
    for await (const event of jsonLines<WireEvent>(response)) yield read(event);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function read({ Action, status, Actor, time = 0, timeNano }: WireEvent): ContainerEvent {
  const attributes = Actor?.Attributes ?? {};
  return {
    action: Action ?? status ?? '',
    id: Actor?.ID ?? '',
    name: attributes.name ?? '',
    service: attributes[LABEL.service] ?? '',
    oneOff: attributes[LABEL.oneOff] === 'True',
    exitCode: Number(attributes.exitCode ?? 0),
    time:
      timeNano === undefined
        ? String(time)
        : `${Math.floor(timeNano / 1e9)}.${String(timeNano % 1e9).padStart(9, '0')}`,
    attributes,
  };
}

/**
 * Shows containers and, until the user leaves, those that are started meanwhile: new ones, and those that were restarted.
 * Ends by itself when no container is shown any more.
 */
export async function followRestarts(
  compose: Compose,
  project: string,
  first: readonly { id: string; name: string; state: string }[],
  services: readonly string[],
  show: (container: { id: string; name: string }, since?: string) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const shown = new Map<string, Promise<void>>();
  let failure: unknown;
  const add = (container: { id: string; name: string }, since?: string) => {
    if (shown.has(container.id)) return;
    const showing = show(container, since)
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => {
        shown.delete(container.id);
        if (shown.size === 0) stop.abort();
      });
    shown.set(container.id, showing);
  };
  const events = projectEvents(compose, project, stop.signal);
  for (const container of first) add(container);
  if (shown.size === 0) return;
  for await (const { action, id, name, service, oneOff, time } of events) {
    const isMeant = services.length === 0 || services.includes(service);
    if (action !== 'start' || oneOff || !isMeant) continue;
    // What was followed ends a moment after the container; what it says next is a new stream.
    await shown.get(id);
    add({ id, name }, time);
  }
  if (failure) throw failure;
}
