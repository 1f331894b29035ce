/** `search`, from what `GET /images/search` answered. */
import { type ListFormat, type ListSpec, renderList } from './list.ts';
import { ellipsis } from './text.ts';

export interface SearchResult {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
}

export function renderSearch(
  results: readonly SearchResult[],
  options: { format?: string; noTrunc?: boolean },
): Promise<string> {
  const { format = '' } = options;
  const wanted: ListFormat =
    format === '' || format === 'table'
      ? { kind: 'table', columns: ['Name', 'Description', 'StarCount', 'IsOfficial'] }
      : { kind: 'custom', format };
  return renderList(results, searchSpec(!options.noTrunc, format === 'json' || format === '{{json .}}'), wanted);
}

function searchSpec(trunc: boolean, json: boolean): ListSpec<SearchResult> {
  return {
    typeName: '*registry.searchContext',
    headers: {
      Name: 'NAME',
      Description: 'DESCRIPTION',
      StarCount: 'STARS',
      IsOfficial: 'OFFICIAL',
    },
    fields: {
      Name: (result) => result.name,
      Description: (result) => {
        const line = result.description.replaceAll('\n', ' ').replaceAll('\r', '');
        return trunc ? ellipsis(line, 45) : line;
      },
      StarCount: (result) => String(result.star_count),
      IsOfficial: (result) => (json ? String(result.is_official) : result.is_official ? '[OK]' : ''),
    },
  };
}
