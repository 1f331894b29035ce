export type { Events, SubscribeOptions } from './events.ts';
export { createEvents } from './events.ts';
export type { EngineEvent, Publish } from './model.ts';
export { wireEvent } from './wire.ts';
