export { tlsCommand } from './command.ts';
export { initTls, type TlsInitOptions, type TlsInitResult } from './init.ts';
