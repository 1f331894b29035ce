import type { Scope } from '@berth/kit';
import type { Sandbox } from '../model.ts';
import type { NetworksState } from '../state.ts';

export async function bookSandbox(
  _state: NetworksState,
  _scope: Scope,
  _containerId: string,
  _sandbox: Sandbox,
  _dns: readonly string[],
): Promise<void> {}

export async function rebookSandbox(_state: NetworksState, _containerId: string, _sandbox: Sandbox): Promise<void> {}

export function forgetSandbox(_state: NetworksState, _containerId: string): void {}

export async function adoptSandboxes(_state: NetworksState): Promise<void> {}

export async function renameSandbox(
  state: NetworksState,
  containerId: string,
  containerName: string,
): Promise<Sandbox | undefined> {
  const attached = state.attached.get(containerId);
  if (attached) attached.containerName = containerName;
  return undefined;
}
