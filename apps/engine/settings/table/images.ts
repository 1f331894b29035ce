import { isCidr, listOf, oneOf, optional, registries, text, wholeNumber } from '../kinds/index.ts';
import type { Settings } from '../setting.ts';

const proxy = optional(text('URL', 'the URL of a proxy, http:// or https://', /^https?:\/\/[^\s/]+\/?$/));
const registry = /^(\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9]([\w.-]*[a-zA-Z0-9])?)(:\d{1,5})?$/;

export const images = {
  storageDriver: {
    key: 'storage-driver',
    flag: 'storage-driver',
    short: 's',
    kind: oneOf('overlay2'),
    summary: 'Storage driver',
  },
  storageOpts: {
    key: 'storage-opts',
    flag: 'storage-opt',
    kind: listOf({ placeholder: 'KEY=VALUE', items: 'options, KEY=VALUE', check: (option) => /^[^=]+=/.test(option) }),
    summary: 'Option of the storage driver',
    refused:
      'the storage driver has no options (limits of sizes need quotas, which this version of Berth does not set)',
  },
  insecureRegistries: {
    key: 'insecure-registries',
    flag: 'insecure-registry',
    kind: listOf({
      placeholder: 'HOST',
      items: 'registries, host[:port] or CIDR, without http:// or https://',
      check: (host) => registry.test(host) || isCidr(host),
    }),
    summary: 'Registry reached without TLS or certificate checks, as host[:port] or CIDR',
    reload: true,
  },
  registryMirrors: {
    key: 'registry-mirrors',
    flag: 'registry-mirror',
    kind: listOf({
      placeholder: 'URL',
      items: 'URLs, http:// or https://, without user, path, query and fragment',
      check: (url) => /^https?:\/\/[^\s/?#@]+\/?$/.test(url) && URL.canParse(url),
    }),
    summary: 'Mirror of Docker Hub',
    reload: true,
  },
  registries: {
    key: 'registries',
    flag: 'registry',
    kind: registries,
    summary: 'Mirrors of registries by host, *.domain or *',
    reload: true,
  },
  maxConcurrentDownloads: {
    key: 'max-concurrent-downloads',
    flag: 'max-concurrent-downloads',
    kind: wholeNumber(1),
    summary: 'Layers pulled at once',
    reload: true,
  },
  maxConcurrentUploads: {
    key: 'max-concurrent-uploads',
    flag: 'max-concurrent-uploads',
    kind: wholeNumber(1),
    summary: 'Layers pushed at once',
    reload: true,
  },
  maxDownloadAttempts: {
    key: 'max-download-attempts',
    flag: 'max-download-attempts',
    kind: wholeNumber(1),
    summary: 'Tries of each download',
    reload: true,
  },
  httpProxy: {
    key: 'proxies.http-proxy',
    flag: 'http-proxy',
    kind: proxy,
    summary: 'Proxy for registries without TLS ($HTTP_PROXY)',
  },
  httpsProxy: {
    key: 'proxies.https-proxy',
    flag: 'https-proxy',
    kind: proxy,
    summary: 'Proxy for registries ($HTTPS_PROXY)',
  },
  noProxy: {
    key: 'proxies.no-proxy',
    flag: 'no-proxy',
    kind: optional(text('HOSTS', 'a list of hosts with commas', /^\S+$/)),
    summary: 'Hosts reached without the proxy ($NO_PROXY)',
  },
} satisfies Settings;
