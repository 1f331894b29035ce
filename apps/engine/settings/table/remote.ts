import { absolutePath, listOf, onOff, optional, text } from '../kinds/index.ts';
import type { Settings } from '../setting.ts';

export const remote = {
  hosts: {
    key: 'hosts',
    flag: 'host',
    short: 'H',
    kind: listOf({
      placeholder: 'ADDRESS',
      items: 'addresses: unix:///path, tcp://host:port or fd://',
      check: (host) => /^(unix:\/\/\/.|tcp:\/\/.|fd:\/\/)/.test(host),
    }),
    summary: 'Address to listen on: unix:///path, tcp://host:port (berth.sock in the exec root)',
  },
  socketGroup: {
    key: 'group',
    flag: 'group',
    short: 'G',
    kind: optional(text('NAME', 'the name or number of a group', /^[\w.-]+$/)),
    summary: 'Group of the unix socket ("berth" where it exists)',
  },
  tls: {
    key: 'tls',
    flag: 'tls',
    kind: onOff,
    summary: 'TLS on tcp:// addresses; implied by --tlsverify',
  },
  tlsVerify: {
    key: 'tlsverify',
    flag: 'tlsverify',
    kind: onOff,
    summary: 'TLS on tcp:// addresses, for clients with a certificate of --tlscacert only',
  },
  tlsCaCert: {
    key: 'tlscacert',
    flag: 'tlscacert',
    kind: optional(absolutePath),
    summary: 'Authority whose client certificates are let in (ca.pem in /etc/berth/tls)',
  },
  tlsCert: {
    key: 'tlscert',
    flag: 'tlscert',
    kind: optional(absolutePath),
    summary: 'Certificate of this engine (server-cert.pem there)',
  },
  tlsKey: {
    key: 'tlskey',
    flag: 'tlskey',
    kind: optional(absolutePath),
    summary: 'Key of that certificate (server-key.pem there)',
  },
  allowUnprotectedTcp: {
    key: 'allow-anyone-on-the-network-to-be-root',
    flag: 'allow-anyone-on-the-network-to-be-root',
    kind: onOff,
    summary: 'Listen beyond loopback without asking clients for certificates',
  },
} satisfies Settings;
