import type { ContextDetails } from '../../contexts/lookup.ts';
import { goJson } from '../template/json.ts';
import { rawValue, type Typed, typed } from '../template/value.ts';
import { goType, type TypeTexts } from './schema.ts';

/** What `context inspect` gives to a template. */
const contextTypes: TypeTexts = {
  'context.contextWithTLSListing': `
    +store.Metadata
    TLSMaterial map[string][]string
    Storage store.StorageInfo`,
  'store.Metadata': `
    Name string?
    Metadata any?
    Endpoints map[string]any?`,
  'store.StorageInfo': `
    MetadataPath string
    TLSPath string`,
  'command.DockerContext': `
    Description string
    AdditionalFields:- map[string]any`,
  'docker.EndpointMeta': `
    Host string?
    SkipTLSVerify bool`,
};

/** A context as the Go value that Docker's templates see. */
export function contextValue(details: ContextDetails): Typed {
  const { Metadata: metadata, Endpoints: endpoints, ...rest } = details;
  const { Description, ...AdditionalFields } = metadata;
  const docker = endpoints.docker && typed(goType('docker.EndpointMeta', contextTypes), endpoints.docker);
  const marshal = () => goJson(rawValue(metadata), true);
  const metadataType = { ...goType('command.DockerContext', contextTypes), marshal };
  const v = {
    ...rest,
    Metadata: typed(metadataType, { Description, AdditionalFields }),
    Endpoints: { ...endpoints, ...(docker && { docker }) },
  };
  return { type: goType('context.contextWithTLSListing', contextTypes), v };
}
