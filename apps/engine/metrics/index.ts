export { createMetrics, type MetricSources, type Metrics } from './engine.ts';
export { type MetricsServer, parseMetricsAddress, serveMetrics } from './serve.ts';
