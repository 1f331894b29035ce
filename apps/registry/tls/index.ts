export type { TlsFiles, TlsSettings } from './open-tls.ts';
export { openTls } from './open-tls.ts';
