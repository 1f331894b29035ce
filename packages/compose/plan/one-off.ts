import { copiedFiles } from '../containers/mounts.ts';
import type { Attachment } from '../containers/networks.ts';
import type { Project, Service } from '../model.ts';
import { containerSubject, type Operation } from './operation.ts';

/** What has to be done with a container of `run` between making and starting it: further networks, files. */
export function connectOperations(
  project: Project,
  service: Service,
  container: string,
  further: readonly Attachment[],
): Operation[] {
  const base = { subject: containerSubject(container), words: ['', ''] as const, reasons: [], needs: [] };
  const operations: Operation[] = further.map(({ key, network, endpoint }) => ({
    ...base,
    id: `connect:${key}`,
    kind: 'connect-network',
    network,
    container,
    endpoint,
  }));
  const files = copiedFiles(project, service);
  if (files.length) operations.push({ ...base, id: 'files', kind: 'copy-files', container, files });
  return operations;
}
