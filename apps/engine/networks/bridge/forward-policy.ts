import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Logger } from '@berth/kit';
import type { Nftables } from '../../linux/nftables.ts';

/**
 * Lets the traffic of our bridges pass where other programs drop forwarded traffic by policy (Docker, ufw): a packet
 * must be accepted by every table, so ours cannot do it alone. Our own chain comes before theirs and has then dropped
 * already what must not pass. Idempotent; to be repeated when those programs set up their rules anew.
 */
export function allowForwarding(nft: Nftables, own: { table: string; bridges: readonly string[] }, log: Logger): void {
  for (const chain of chainsOf(nft.list('list chains'))) {
    if (chain.hook !== 'forward' || chain.policy !== 'drop') continue;
    if (isFamily(chain.family) && chain.table === FILTER && chain.name === FORWARD)
      insertRules(nft, chain.family, own, log);
    else if (chain.table !== own.table) {
      log.warn('another nftables chain drops forwarded traffic; containers may not reach the outside', {
        chain: `${chain.family} ${chain.table} ${chain.name}`,
        hint: `accept iifname and oifname ${own.bridges.join(', ')} there`,
      });
    }
  }
  allowInLegacyTables(own.bridges, log);
}

/** Takes the rules of allowForwarding for these bridges away again. */
export function withdrawForwarding(nft: Nftables, own: { table: string; bridges: readonly string[] }): void {
  for (const chain of chainsOf(nft.list('list chains'))) {
    const { family } = chain;
    if (!isFamily(family) || chain.table !== FILTER || (chain.name !== FORWARD && chain.name !== DOCKER_USER)) continue;
    for (const rule of rulesOf(nft, family, chain.name)) {
      const expression = JSON.stringify(rule.expr);
      if (rule.comment === commentOf(own.table) && own.bridges.some((bridge) => expression.includes(`"${bridge}"`)))
        nft.run(`delete rule ${family} ${FILTER} ${chain.name} handle ${rule.handle}\n`);
    }
  }
  if (!legacyTableExists()) return;
  for (const args of own.bridges.flatMap(legacyRules)) legacy(['-D', FORWARD, ...args]);
}

/** Into DOCKER-USER where Docker keeps it: Docker puts other rules of its own before ours in FORWARD. */
function insertRules(
  nft: Nftables,
  family: 'ip' | 'ip6',
  own: { table: string; bridges: readonly string[] },
  log: Logger,
): void {
  const forward = rulesOf(nft, family, FORWARD);
  const chain = forward.some((rule) => JSON.stringify(rule.expr).includes(`"target":"${DOCKER_USER}"`))
    ? DOCKER_USER
    : FORWARD;
  const present = (chain === FORWARD ? forward : rulesOf(nft, family, chain))
    .filter((rule) => rule.comment === commentOf(own.table))
    .map((rule) => JSON.stringify(rule.expr));
  const missing = own.bridges
    .flatMap((bridge) => [`iifname "${bridge}"`, `oifname "${bridge}"`])
    .filter((match) => !present.some((text) => match.split(' ').every((word) => text.includes(word))));
  if (missing.length === 0) return;
  nft.run(
    missing
      .map(
        (match) =>
          `insert rule ${family} ${FILTER} ${chain} ${match} counter accept comment "${commentOf(own.table)}"\n`,
      )
      .join(''),
  );
  log.info('accepted our bridges in a FORWARD chain that drops by policy', { chain });
}

/** Rules of the old kernel interface cannot be seen by nftables; who made them has the program for it. */
function allowInLegacyTables(bridges: readonly string[], log: Logger): void {
  if (!legacyTableExists()) return;
  const rules = legacy(['-S', FORWARD]);
  if (rules === undefined) {
    log.warn('iptables-legacy rules are present and cannot be read; containers may not reach the outside', {
      hint: 'install the package iptables',
    });
    return;
  }
  if (!rules.includes(`-P ${FORWARD} DROP`)) return;
  for (const args of bridges.flatMap(legacyRules)) {
    if (legacy(['-C', FORWARD, ...args]) === undefined) legacy(['-I', FORWARD, ...args]);
  }
}

function legacyRules(bridge: string): string[][] {
  return ['-i', '-o'].map((direction) => [direction, bridge, '-j', 'ACCEPT']);
}

function legacyTableExists(): boolean {
  const path = '/proc/net/ip_tables_names';
  return existsSync(path) && readFileSync(path, 'utf8').split('\n').includes(FILTER);
}

/** Output of iptables-legacy; undefined when it is missing or says no. */
function legacy(args: readonly string[]): string | undefined {
  try {
    return execFileSync('/usr/sbin/iptables-legacy', ['-w', '5', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return undefined;
  }
}

function commentOf(table: string): string {
  return `berth engine ${table}`;
}

interface Chain {
  family: string;
  table: string;
  name: string;
  hook?: string;
  policy?: string;
}

function chainsOf(listing: readonly Record<string, unknown>[]): Chain[] {
  return listing.flatMap((entry) => (entry['chain'] ? [entry['chain'] as Chain] : []));
}

function isFamily(family: string): family is 'ip' | 'ip6' {
  return family === 'ip' || family === 'ip6';
}

function rulesOf(
  nft: Nftables,
  family: 'ip' | 'ip6',
  chain: string,
): { handle: number; comment?: string; expr: unknown }[] {
  return nft
    .list(`list chain ${family} ${FILTER} ${chain}`)
    .flatMap((entry) => (entry['rule'] ? [entry['rule'] as { handle: number; comment?: string; expr: unknown }] : []));
}

const FILTER = 'filter';
const FORWARD = 'FORWARD';
const DOCKER_USER = 'DOCKER-USER';
