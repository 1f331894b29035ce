import type { RegistrySettings } from '../../config.ts';
import { fieldsOf, type Kind, objectOf, Rejected, textOf } from './kind.ts';

const HOST = 'a registry: host[:port], *.domain, or * for all others';
const MIRROR =
  'the URL of a mirror, http:// or https://, without user, query and fragment; {host} in its path stands for the registry';
const SETTINGS = 'an object of mirrors, a list of URLs, and fallback, true or false';

const NAME = /^(\*|(\*\.)?(\[[0-9a-f:.]+\]|[a-z0-9]([\w.-]*[a-z0-9])?)(:\d{1,5})?)$/;

/**
 * HOST=URL as a flag, once for each mirror; `{"docker.io": {"mirrors": ["https://…"], "fallback": false}}` in the file.
 */
export const registries: Kind<Record<string, RegistrySettings>> = {
  type: 'object of {mirrors, fallback}',
  placeholder: 'HOST=URL',
  many: true,
  fromFlag: (values) => {
    const found: Record<string, RegistrySettings> = {};
    for (const text of values) {
      const [, host, url] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
      if (host === undefined || url === undefined) throw new Rejected(text, 'HOST=URL');
      const name = nameOf(host, '');
      found[name] = { mirrors: [...(found[name]?.mirrors ?? []), mirrorOf(url, '')], fallback: true };
    }
    return found;
  },
  fromFile: (value) =>
    Object.fromEntries(
      Object.entries(objectOf(value, 'an object: registry to its settings')).map(([host, item]) => {
        const at = `.${host}`;
        const { mirrors = [], fallback = true } = fieldsOf(item, ['mirrors', 'fallback'], SETTINGS, at);
        if (!Array.isArray(mirrors)) throw new Rejected(mirrors, SETTINGS, `${at}.mirrors`);
        if (typeof fallback !== 'boolean') throw new Rejected(fallback, SETTINGS, `${at}.fallback`);
        if (!fallback && mirrors.length === 0) throw new Rejected(item, 'mirrors where the registry is not asked', at);
        const urls = mirrors.map((url: unknown, index) => mirrorOf(url, `${at}.mirrors[${index}]`));
        return [nameOf(host, ''), { mirrors: urls, fallback }];
      }),
    ),
};

function nameOf(host: string, at: string): string {
  const name = host.toLowerCase();
  if (!NAME.test(name)) throw new Rejected(host, HOST, at);
  // The Hub's other names are never the host of an image's name.
  return name === 'index.docker.io' || name === 'registry-1.docker.io' ? 'docker.io' : name;
}

function mirrorOf(value: unknown, at: string): string {
  const url = textOf(value, MIRROR, at);
  if (!/^https?:\/\/[^\s/?#@{}]+(\/[^\s?#@]*)?$/.test(url) || !URL.canParse(url)) throw new Rejected(value, MIRROR, at);
  const path = url.replace(/^https?:\/\/[^/]+\/?/, '').replace(/\/$/, '');
  const parts = path === '' ? [] : path.split('/');
  // A part of a repository's name, or the registry's host, which a colon of a port is kept out of.
  if (!parts.every((part) => part === '{host}' || /^[a-z0-9]+([._-]+[a-z0-9]+)*$/.test(part)))
    throw new Rejected(value, MIRROR, at);
  return url.replace(/\/$/, '');
}
