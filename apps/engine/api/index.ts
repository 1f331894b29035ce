export type { ApiServices } from './routes.ts';
export { createRoutes } from './routes.ts';
export type { ApiServer, ServeOptions } from './server.ts';
export { serve } from './server.ts';
