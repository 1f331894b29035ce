import { BerthError } from '@berth/kit';
import { lastAddress, type Subnet } from './ip-address.ts';

/**
 * Addresses of one subnet: one after another, beginning again at the end. A freed address thus comes back last, which
 * matters because the kernel clears a closed namespace up a little later than we are told.
 */
export class AddressAllocator {
  readonly #subnet: Subnet;
  readonly #first: bigint;
  readonly #last: bigint;
  readonly #taken = new Set<bigint>();
  #next: bigint;

  /** `range`: the part to choose from, the whole subnet when left out. `reserved`: gateway and what else is not ours to give. */
  constructor(subnet: Subnet, options: { range?: Subnet | undefined; reserved?: readonly bigint[] } = {}) {
    const { range = subnet, reserved = [] } = options;
    this.#subnet = subnet;
    // The subnet's own first address means the subnet, and with IPv4 the last one everybody in it.
    const last = lastAddress(range);
    this.#first = range.base === subnet.base ? range.base + 1n : range.base;
    this.#last = subnet.family === 4 && last === lastAddress(subnet) ? last - 1n : last;
    this.#next = this.#first;
    for (const address of reserved) this.#taken.add(address);
  }

  /** Errors: conflict when every address is taken. */
  take(): bigint {
    // At most one more than are taken has to be looked at.
    for (let tries = this.#taken.size + 1; tries > 0; tries--) {
      const address = this.#next;
      this.#next = address >= this.#last ? this.#first : address + 1n;
      if (this.#taken.has(address) || address > this.#last) continue;
      this.#taken.add(address);
      return address;
    }
    const { family } = this.#subnet;
    throw new BerthError('conflict', `no available IPv${family} addresses on this network's address pools`, {
      hint: 'Remove containers from the network, or make it anew with a larger subnet.',
    });
  }

  /** Takes a certain address. False when somebody has it. */
  takeThis(address: bigint): boolean {
    if (this.#taken.has(address)) return false;
    this.#taken.add(address);
    return true;
  }

  /** Notes an address that is in use already; later ones follow it. */
  adopt(address: bigint): void {
    this.#taken.add(address);
    if (address >= this.#next && address < this.#last) this.#next = address + 1n;
  }

  release(address: bigint): void {
    this.#taken.delete(address);
  }
}
