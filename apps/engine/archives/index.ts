export { makeRing, RingReader, RingWriter, releaseEnd } from './byte-ring.ts';
export { ADDED, compareLayer, DELETED, type LayerChange, type LayerComparison, MODIFIED } from './compare-layer.ts';
export { decompressed, sniffCompression } from './decompress.ts';
export { describeArchiveError, invalidArchive } from './errors.ts';
export { fromHost, type Owner, type OwnerMap, toHost } from './owners.ts';
export { feedPort, readPort } from './port-stream.ts';
export { TreeReader, type TreeReaderOptions } from './tree-reader.ts';
export { type TreeLimits, TreeWriter, type TreeWriterOptions } from './tree-writer.ts';
export { createWorkerPool, type WorkerPool } from './worker-pool.ts';
