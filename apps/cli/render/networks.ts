/** `network ls`, from what `GET /networks` answered. */
import { labels } from './containers.ts';
import { type ListFormat, type ListSpec, renderList } from './list.ts';
import { STRING } from './template/value.ts';
import { shortId } from './text.ts';
import { goTimeText } from './time.ts';

export interface NetworkSummary {
  Id: string;
  Name: string;
  Driver: string;
  Scope: string;
  Internal: boolean;
  EnableIPv4?: boolean;
  EnableIPv6: boolean;
  Labels: Record<string, string> | null;
  /** RFC 3339. */
  Created: string;
}

export interface NetworkListOptions {
  format?: string | undefined;
  /** `networksFormat` of the configuration file; `--format` and `--quiet` win over it. */
  networksFormat?: string | undefined;
  quiet?: boolean;
  noTrunc?: boolean;
}

export function renderNetworkList(networks: readonly NetworkSummary[], options: NetworkListOptions): Promise<string> {
  return renderList(networks, networkSpec(!options.noTrunc), listFormat(options));
}

function listFormat({ format = '', networksFormat = '', quiet = false }: NetworkListOptions): ListFormat {
  const wanted = format || (quiet ? '' : networksFormat) || 'table';
  if (wanted === 'raw') {
    return {
      kind: 'custom',
      format: quiet
        ? 'network_id: {{.ID}}'
        : 'network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n',
    };
  }
  if (wanted !== 'table') return { kind: 'custom', format: wanted };
  return quiet ? { kind: 'plain', column: 'ID' } : { kind: 'table', columns: ['ID', 'Name', 'Driver', 'Scope'] };
}

function networkSpec(trunc: boolean): ListSpec<NetworkSummary> {
  return {
    typeName: '*network.networkContext',
    headers: {
      ID: 'NETWORK ID',
      Name: 'NAME',
      Driver: 'DRIVER',
      Scope: 'SCOPE',
      IPv4: 'IPV4',
      IPv6: 'IPV6',
      Internal: 'INTERNAL',
      Labels: 'LABELS',
      CreatedAt: 'CREATED AT',
    },
    fields: {
      ID: (network) => (trunc ? shortId(network.Id) : network.Id),
      Name: (network) => network.Name,
      Driver: (network) => network.Driver,
      Scope: (network) => network.Scope,
      IPv4: (network) => String(network.EnableIPv4 ?? false),
      IPv6: (network) => String(network.EnableIPv6),
      Internal: (network) => String(network.Internal),
      Labels: (network) => labels(network.Labels),
      CreatedAt: (network) => goTimeText(network.Created),
    },
    methods: {
      Label: { params: [STRING], call: (network, name: string) => (network as NetworkSummary).Labels?.[name] ?? '' },
    },
  };
}
