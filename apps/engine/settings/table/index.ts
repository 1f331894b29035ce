import type { EngineConfig } from '../../config.ts';
import type { AllSettings, Setting, Settings } from '../setting.ts';
import { containers } from './containers.ts';
import { images } from './images.ts';
import { networks } from './networks.ts';
import { remote } from './remote.ts';
import { service } from './service.ts';

export { FOREIGN } from './foreign.ts';

/** Headings of the help, with what is below each. */
export const GROUPS: readonly { title: string; settings: Settings }[] = [
  { title: 'Service', settings: service },
  { title: 'Addresses and TLS', settings: remote },
  { title: 'Containers', settings: containers },
  { title: 'Networks', settings: networks },
  { title: 'Images and registries', settings: images },
];

/** The setting of every field: the compiler finds one that is missing. */
export const SETTINGS: AllSettings = { ...service, ...remote, ...containers, ...networks, ...images };

export const FIELDS = Object.keys(SETTINGS) as (keyof EngineConfig)[];

/** The setting of a field, its type of values aside. */
export function settingOf(field: keyof EngineConfig): Setting<EngineConfig[keyof EngineConfig]> {
  return SETTINGS[field];
}
