export type { TlsFiles, TlsSettings } from './open-tls.ts';
export { checkTlsFiles, openTls } from './open-tls.ts';
