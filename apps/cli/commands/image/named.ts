import { CliError } from '../../cli-error.ts';
import { parseFamiliar } from '../../render/reference.ts';
import { checkReference } from '../container/image-reference.ts';
import { serverHost, serverOfImage } from '../registry/server.ts';

/** An image name for pull and push. */
export interface NamedImage {
  /** Without docker.io/library/. */
  familiar: string;
  /** With domain, without tag: `docker.io/library/busybox`. */
  repository: string;
  /** With domain: `docker.io/library/busybox:1`. */
  full: string;
  /** Tag or digest; '' with `allTags`. */
  tag: string;
  /** True when the tag was not written. */
  tagIsDefault: boolean;
}

/** Reads the name by Docker's rules; throws CliError in its words. */
export function readNamed(text: string, allTags: boolean): NamedImage {
  checkReference(text);
  const parsed = parseFamiliar(text);
  if (!parsed) throw new CliError('invalid reference format: cannot specify 64-byte hexadecimal strings');
  const named = parsed.tag !== '' || parsed.digest !== '';
  if (allTags && named) throw new CliError("tag can't be used with --all-tags/-a");
  const tag = allTags ? '' : parsed.digest || parsed.tag || 'latest';
  const suffix = (parsed.tag && `:${parsed.tag}`) + (parsed.digest && `@${parsed.digest}`);
  return {
    familiar: parsed.name,
    repository: withDomain(parsed.name),
    full: withDomain(parsed.name) + (suffix || (tag && `:${tag}`)),
    tag,
    tagIsDefault: !allTags && !named,
  };
}

function withDomain(familiar: string): string {
  const host = serverHost(serverOfImage(familiar));
  if (host !== 'index.docker.io') return familiar;
  return `docker.io/${familiar.includes('/') ? '' : 'library/'}${familiar}`;
}
