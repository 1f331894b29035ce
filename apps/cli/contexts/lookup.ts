import { describeError } from '@berth/kit';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { PackedContext } from './archive.ts';
import { defaultEndpoint } from './resolve.ts';
import {
  type ContextMeta,
  contextFolders,
  DEFAULT_CONTEXT,
  type DockerEndpoint,
  listTls,
  readContext,
  readTlsMaterial,
  type TlsMaterial,
} from './store.ts';

/** What `inspect` shows of a context. */
export interface ContextDetails extends ContextMeta {
  TLSMaterial: Record<string, string[]>;
  Storage: { MetadataPath: string; TLSPath: string };
}

/** Any context by name, `default` among them. Throws CliError when it is not there. */
export function lookUpContext(context: Context, name: string): ContextDetails {
  if (name === DEFAULT_CONTEXT) {
    const { meta, tls } = defaultContext(context);
    const files = Object.keys(tls).sort();
    const nowhere = '<IN MEMORY>';
    return {
      ...meta,
      TLSMaterial: files.length ? { docker: files } : {},
      Storage: { MetadataPath: nowhere, TLSPath: nowhere },
    };
  }
  const meta = readContext(context.configDir, name);
  const { meta: MetadataPath, tls: TLSPath } = contextFolders(context.configDir, name);
  return { ...meta, TLSMaterial: listTls(context.configDir, name), Storage: { MetadataPath, TLSPath } };
}

/** A context with its certificates, for copies and exports. */
export function contextWithFiles(context: Context, name: string): PackedContext {
  if (name === DEFAULT_CONTEXT) {
    const { meta, tls } = defaultContext(context);
    return { meta, tls: Object.keys(tls).length ? { docker: tls } : {} };
  }
  const meta = readContext(context.configDir, name);
  const endpoints = Object.keys(listTls(context.configDir, name));
  const tls = endpoints.map((endpoint) => [endpoint, readTlsMaterial(context.configDir, name, endpoint)] as const);
  return { meta, tls: Object.fromEntries(tls) };
}

/** Description of `default` in lists, and of what is made from it. */
export const DEFAULT_DESCRIPTION = 'Current DOCKER_HOST based configuration';

function defaultContext(context: Context): { meta: ContextMeta; tls: TlsMaterial } {
  const { env, configDir, global } = context;
  try {
    const { host, tls } = defaultEndpoint(global, { env, configDir, config: () => context.config });
    const endpoint: DockerEndpoint = { Host: host, SkipTLSVerify: tls ? !tls.verify : false };
    const meta = { Name: DEFAULT_CONTEXT, Metadata: {}, Endpoints: { docker: endpoint } };
    const bytes = (text: string | undefined, file: string) => (text ? { [file]: new TextEncoder().encode(text) } : {});
    return {
      meta,
      tls: { ...bytes(tls?.ca, 'ca.pem'), ...bytes(tls?.cert, 'cert.pem'), ...bytes(tls?.key, 'key.pem') },
    };
  } catch (error) {
    throw new CliError(`unable to resolve docker endpoint: ${describeError(error)}`);
  }
}
