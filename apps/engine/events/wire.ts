import type { EngineEvent } from './model.ts';

/** Docker's JSON of an event, one line without its end. Containers and images carry the older fields too. */
export function wireEvent(event: EngineEvent): string {
  const { type, action, actorId, attributes, timeNano } = event;
  const legacy = {
    ...(type === 'container' || type === 'image' ? { status: action, id: actorId } : {}),
    ...(type === 'container' && attributes['image'] !== undefined ? { from: attributes['image'] } : {}),
  };
  const fields = {
    ...legacy,
    Type: type,
    Action: action,
    Actor: { ID: actorId, Attributes: attributes },
    scope: 'local',
  };
  // timeNano is beyond what a JavaScript number holds exactly.
  return `${JSON.stringify(fields).slice(0, -1)},"time":${timeNano / 1_000_000_000n},"timeNano":${timeNano}}`;
}
