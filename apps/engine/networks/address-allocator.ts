import { BerthError } from '@berth/kit';
import { lastAddress, type Subnet } from './ip-address.ts';

/**
 * IPv4 addresses of one network: one after another, beginning again at the end. A freed address thus comes back last,
 * which matters because the kernel clears a closed namespace up a little later than we are told.
 */
export class AddressAllocator {
  readonly #first: number;
  readonly #last: number;
  readonly #taken = new Set<number>();
  #next: number;

  constructor(subnet: Subnet, gateway: number) {
    this.#first = subnet.base + 1;
    this.#last = lastAddress(subnet) - 1;
    this.#next = this.#first;
    this.#taken.add(gateway);
  }

  /** Errors: conflict when every address is taken. */
  take(): number {
    for (let tries = this.#last - this.#first + 1; tries > 0; tries--) {
      const address = this.#next;
      this.#next = address >= this.#last ? this.#first : address + 1;
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      return address;
    }
    throw new BerthError('conflict', "no available IPv4 addresses on this network's address pools", {
      hint: 'Remove containers, or give the bridge a larger subnet.',
    });
  }

  /** Notes an address that is in use already; later ones follow it. */
  adopt(address: number): void {
    this.#taken.add(address);
    if (address >= this.#next && address < this.#last) this.#next = address + 1;
  }

  release(address: number): void {
    this.#taken.delete(address);
  }
}
