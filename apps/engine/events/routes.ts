import { Readable } from 'node:stream';
import { filtersOf, type Route, timestampOf } from '../api/http.ts';
import { type EngineEvent, type Events, wireEvent } from './index.ts';

export function eventRoutes(events: Pick<Events, 'subscribe'>): Route[] {
  return [
    {
      method: 'GET',
      path: '/events',
      name: 'event.list',
      permission: 'read',
      handler: (request) => ({
        kind: 'stream',
        type: 'application/json',
        body: Readable.from(
          lines(
            events.subscribe({
              filters: filtersOf(request),
              since: timestampOf(request, 'since'),
              until: timestampOf(request, 'until'),
              signal: request.signal,
            }),
          ),
          { objectMode: false, highWaterMark: 64 * 1024 },
        ),
      }),
    },
  ];
}

async function* lines(events: AsyncIterable<EngineEvent>): AsyncGenerator<string> {
  for await (const event of events) yield `${wireEvent(event)}\n`;
}
