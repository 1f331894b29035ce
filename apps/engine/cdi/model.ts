/** A specification of the Container Device Interface, checked: what a vendor's devices need in a container. */
export interface CdiSpec {
  /** `vendor.com/class`. */
  kind: string;
  devices: CdiDevice[];
  /** For a container that has any of the devices. */
  edits: CdiEdits;
}

export interface CdiDevice {
  name: string;
  edits: CdiEdits;
}

export interface CdiEdits {
  /** `NAME=value`. */
  env: string[];
  deviceNodes: CdiDeviceNode[];
  mounts: CdiMount[];
  hooks: CdiHook[];
  additionalGids: number[];
  /** Parts that a specification may have and that are not supported. */
  unsupported: string[];
}

/** What is undefined is as on the host. */
export interface CdiDeviceNode {
  path: string;
  hostPath: string;
  type: 'b' | 'c' | 'p' | undefined;
  major: number | undefined;
  minor: number | undefined;
  fileMode: number | undefined;
  permissions: string;
  uid: number | undefined;
  gid: number | undefined;
}

export interface CdiMount {
  hostPath: string;
  containerPath: string;
  type: string;
  options: string[];
}

export interface CdiHook {
  hookName: HookName;
  path: string;
  args: string[];
  env: string[];
  /** Seconds. */
  timeout: number | undefined;
}

export type HookName = (typeof HOOK_NAMES)[number];
export const HOOK_NAMES = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;
