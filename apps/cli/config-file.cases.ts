/**
 * A config.json and the command lines that both clients are given with it; what they ask of the engine and print has to
 * be the same. `_` in a word is a space.
 */
export const configCases: readonly { config: unknown; lines: readonly string[] }[] = [
  { config: { psFormat: '{{.ID}}|{{.Names}}' }, lines: ['ps', 'ps -q', 'ps --format {{.Image}}', 'ps --format table'] },
  { config: { psFormat: 'table {{.ID}}\\t{{.Size}}' }, lines: ['ps', 'ps -a --no-trunc'] },
  { config: { psFormat: 'json' }, lines: ['ps'] },
  { config: { psFormat: '{{' }, lines: ['ps'] },
  {
    config: { imagesFormat: '{{.Repository}}' },
    lines: ['images', 'images -q', 'images --digests', 'images --format {{.ID}}'],
  },
  { config: { imagesFormat: 'table {{.ID}}' }, lines: ['images', 'images --digests'] },
  { config: { networksFormat: '{{.Name}}' }, lines: ['network ls', 'network ls -q', 'network ls --format {{.ID}}'] },
  { config: { pluginsFormat: 'x', servicesFormat: 'x', tasksFormat: 'x', nodesFormat: 'x' }, lines: ['ps', 'images'] },
  { config: { stackOrchestrator: 'kubernetes', kubernetes: { allNamespaces: 'enabled' } }, lines: ['ps -q'] },
  { config: { features: { buildkit: 'false', x: 'y' } }, lines: ['ps -q'] },
  {
    config: {
      plugins: { '-x-cli-hints': { enabled: 'true' }, debug: { hooks: 'exec' } },
      cliPluginsExtraDirs: ['/nowhere'],
    },
    lines: ['ps -q', 'nope'],
  },
  { config: { aliases: { builder: 'buildx' } }, lines: ['ps -q'] },
  {
    config: { detachKeys: 'ctrl-x' },
    lines: ['exec -d web true', 'exec -d --detach-keys ctrl-a web true', 'run -d alpine'],
  },
  { config: { detachKeys: 'nope' }, lines: ['run -d alpine', 'exec -d web true'] },
  { config: { HttpHeaders: { 'X-Own': 'value', 'x-two': '2' } }, lines: ['ps -q'] },
  { config: { HttpHeaders: { 'User-Agent': 'mine' } }, lines: ['ps -q'] },
  {
    config: { pruneFilters: ['label!=keep', 'until=1h'] },
    lines: [
      'container prune -f',
      'container prune -f --filter until=2h',
      'container prune -f --filter label=keep',
      'image prune -f',
      'container prune -f --filter label=x --filter label!=y',
    ],
  },
  { config: { pruneFilters: ['label=keep', 'label!=keep', 'bad'] }, lines: ['container prune -f', 'image prune -f'] },
  {
    config: { proxies: { default: { httpProxy: 'http://p:1' } } },
    lines: ['create alpine', 'create -e HTTP_PROXY= alpine', 'ps -q'],
  },
  { config: { proxies: { 'unix:///elsewhere': { httpProxy: 'http://p:1' } } }, lines: ['create alpine'] },
  { config: { currentContext: 'nope' }, lines: ['ps -q', 'context ls', 'context show', 'ps --help'] },
  { config: { currentContext: 'default' }, lines: ['context show'] },
  {
    config: { auths: { 'r.example': { auth: 'dTpw' } } },
    lines: ['pull r.example/x', 'pull other.example/x', 'pull busybox'],
  },
  {
    config: { auths: { 'https://index.docker.io/v1/': { auth: 'dTpw' } } },
    lines: ['pull busybox', 'pull r.example/x'],
  },
  { config: { auths: { 'r.example': { auth: 'dTpw', identitytoken: 'token' } } }, lines: ['pull r.example/x'] },
  { config: { auths: { 'r.example': { username: 'u', password: 'p' } } }, lines: ['pull r.example/x'] },
  { config: { psFormat: 5 }, lines: ['ps -q'] },
  { config: '[]', lines: ['ps -q'] },
  { config: '', lines: ['ps -q'] },
  { config: 'null', lines: ['ps -q'] },
  { config: { unknown: { deep: [1] } }, lines: ['ps -q'] },
];
