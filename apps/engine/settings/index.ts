export { type CommandLine, readCommandLine } from './command-line.ts';
export { DEFAULT_CONFIG_FILE } from './config-file.ts';
export { loadConfig } from './load.ts';
export { type Reload, reloadConfig } from './reload.ts';
export { usage } from './usage.ts';
