import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** Everything that a test engine is called in the system; no two engines share any of it. */
export interface EngineIdentity {
  root: string;
  dataRoot: string;
  execRoot: string;
  socket: string;
  bridge: string;
  /** Address of the bridge in CIDR notation, e.g. `10.201.16.1/24`. */
  bip: string;
  addressPool: { base: string; size: number };
  nftTable: string;
  cgroupParent: string;
}

/** Chooses names and an address range that nothing on this machine uses now. */
export async function chooseIdentity(): Promise<EngineIdentity> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'berth-test-'));
  const id = randomBytes(4).toString('hex');
  const block = chooseBlock();
  return {
    root,
    dataRoot: path.join(root, 'data'),
    execRoot: path.join(root, 'run'),
    socket: path.join(root, 'run', 'berth.sock'),
    bridge: `bt${id}`,
    bip: `10.${block.second}.${block.third}.1/24`,
    addressPool: { base: `10.${block.second}.${block.third}.0/20`, size: 24 },
    nftTable: `berth_test_${id}`,
    cgroupParent: `/berth-test-${id}`,
  };
}

/** A /20 of 10.128.0.0/9 without a route on this host. */
function chooseBlock(): { second: number; third: number } {
  const used = new Set(
    readFileSync('/proc/net/route', 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t')[1] ?? '')
      .filter((hex) => hex.length === 8)
      .map((hex) => Buffer.from(hex, 'hex').reverse())
      .map((bytes) => `${bytes[0]}.${bytes[1]}.${bytes[2]! & 0xf0}`),
  );
  for (;;) {
    const block = { second: randomInt(128, 255), third: randomInt(0, 16) * 16 };
    if (!used.has(`10.${block.second}.${block.third}`)) return block;
  }
}
