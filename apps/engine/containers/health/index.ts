export { HealthBook } from './book.ts';
export type { Health, HealthStatus } from './model.ts';
export { createHealthMonitors } from './monitors.ts';
