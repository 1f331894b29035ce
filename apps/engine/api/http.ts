export { openUrl } from './open-url.ts';
export { booleanOf, filtersOf, integerOf, sizeOf, textOf, timestampOf } from './query.ts';
export type { ApiRequest, Handler, Permission, Reply, Route } from './route.ts';
export { empty, json } from './route.ts';
export { unframe } from './unframe.ts';
export { checkWebsocket } from './websocket.ts';
