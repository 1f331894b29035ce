import { describe, expect, it } from 'vitest';
import { loadFiles, web } from '../../../tests/support/compose-files.ts';

describe('mistakes are named with file, line, key, what was found and what is accepted', () => {
  it.each([
    [
      'services:\n  web:\n    imag: x\n',
      "compose.yaml:3:5: services.web additional properties 'imag' not allowed; did you mean 'image'?",
    ],
    [web('    ports: {a: b}\n'), 'compose.yaml:4:5: services.web.ports is a mapping: a list is wanted'],
    [
      web('    privileged: [1]\n'),
      'compose.yaml:4:5: services.web.privileged is a list: true or false or text is wanted',
    ],
    [web('    cgroup: other\n'), 'services.web.cgroup is the text "other": accepted are "host", "private"'],
    [
      web('    ports: ["80:x"]\n'),
      'compose.yaml:4:13: services.web.ports.0: invalid port "80:x": invalid containerPort: x',
    ],
    [web('    ports: ["1-2:1-3"]\n'), 'the ranges are not of the same length'],
    [web('    mem_limit: 12q\n'), "compose.yaml:4:16: services.web.mem_limit: invalid size: '12q'"],
    [web('    stop_grace_period: soon\n'), 'services.web.stop_grace_period: invalid duration "soon"'],
    [web('    privileged: maybe\n'), 'services.web.privileged: invalid boolean: "maybe"'],
    [web("    command: 'echo \"a'\n"), 'services.web.command: a quote is not closed'],
    [
      web('    networks: [x]\n'),
      'compose.yaml:4:16: service "web" refers to undefined network x: invalid compose project',
    ],
    [web('    volumes: ["x:/y"]\n'), 'service "web" refers to undefined volume x: invalid compose project'],
    [web('    secrets: [x]\n'), 'service "web" refers to undefined secret x'],
    [web('    depends_on: [x]\n'), 'service "web" depends on undefined service "x"'],
    [web('    volumes: ["a:b:c:d"]\n'), 'invalid spec: "a:b:c:d": too many colons'],
    [web('    scale: 2\n    container_name: xy\n'), "can't set container_name and scale"],
    [web('    dns: [1.1.1.1, 1.1.1.1]\n'), 'services.web.dns array items[0,1] must be unique'],
    [web('    network_mode: host\n    networks: [default]\n'), 'mutually exclusive `network_mode` and `networks`'],
    ['services:\n  web: {}\n', 'service "web" has neither an image nor a build context specified'],
    ['services:\n  "a b": {image: x}\n', '(root)'],
    ['secrets:\n  a: {}\nservices: {}\n', 'secret "a" must declare either `file` or `environment`'],
    [web('    ulimits: {nofile: {soft: 1}}\n'), "services.web.ulimits.nofile missing property 'hard'"],
    [web('    extends: {service: none}\n'), 'cannot extend service "web" in compose.yaml: service "none" not found'],
  ])('%j', (text, message) => {
    if (message === '(root)') message = "services additional properties 'a b' not allowed";
    expect(() => loadFiles({ 'compose.yaml': text })).toThrow(message);
  });
});
