import { readMoment } from '../../moment.ts';
import { type ComposeCommand, projectOrName } from './compose.ts';
import { FLAGS } from './flags/events.ts';
import { type ContainerEvent, projectEvents } from './follow.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const { out } = compose.context;
    const project = projectOrName(compose, args);
    const options = { since: readMoment(flags.string('since')), until: readMoment(flags.string('until')) };
    for await (const event of projectEvents(compose, project.name, new AbortController().signal, options)) {
      if (event.oneOff || (args.length && !args.includes(event.service))) continue;
      out.write(`${flags.bool('json') ? JSON.stringify(jsonEvent(event)) : line(event)}\n`);
      await out.drain();
    }
    return 0;
  },
};

/** Attributes that are Compose's own are left out. */
function ownAttributes(event: ContainerEvent): Record<string, string> {
  return Object.fromEntries(
    Object.entries(event.attributes).filter(([name]) => !/^(com\.docker|org\.berth)\.compose\./.test(name)),
  );
}

function jsonEvent(event: ContainerEvent): object {
  return {
    action: event.action,
    attributes: ownAttributes(event),
    id: event.id,
    service: event.service,
    time: isoTime(event.time),
    type: 'container',
  };
}

function line(event: ContainerEvent): string {
  const attributes = Object.entries(ownAttributes(event)).map(([name, value]) => `${name}=${value}`);
  return `${isoTime(event.time).replace('T', ' ')} container ${event.action} ${event.id} (${attributes.join(', ')})`;
}

/** Local time with microseconds. */
function isoTime(seconds: string): string {
  const [whole = '0', fraction = '0'] = seconds.split('.');
  const date = new Date(Number(whole) * 1000 - new Date(Number(whole) * 1000).getTimezoneOffset() * 60_000);
  return `${date.toISOString().slice(0, 19)}.${fraction.padEnd(9, '0').slice(0, 6)}`;
}
