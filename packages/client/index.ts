export { formatAddress, parseAddress } from './address.ts';
export type { RemoveOptions } from './containers/remove.ts';
export { removeContainer } from './containers/remove.ts';
export type { CallOptions, ClientOptions, Query } from './engine-client.ts';
export { API_VERSION, EngineClient } from './engine-client.ts';
export type { HijackedStream } from './hijack.ts';
export { jsonLines } from './json-lines.ts';
export type { TlsFiles, TransportResponse } from './transport/transport.ts';
