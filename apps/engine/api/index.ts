export { type Address, isLoopback } from './address.ts';
export { listen, refuseTaken } from './listen.ts';
export { refuseForeignPage } from './origin.ts';
export type { ApiServices } from './routes.ts';
export { createRoutes } from './routes.ts';
export type { ApiServer, ServeOptions } from './server.ts';
export { checkAddresses, exposureWarnings, serve } from './server.ts';
export { isOpenToOthers, readTls } from './tls.ts';
