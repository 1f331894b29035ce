import { describe, expect, it } from 'vitest';
import { loadFiles, web } from '../../../tests/support/compose-files.ts';
import { sourceOfField } from '../print/file.ts';

describe('variables', () => {
  it('the shell wins over .env, --env-file replaces it', () => {
    const files = { 'compose.yaml': web('    user: $A-$B\n'), '.env': 'A=file\nB=file\n', other: 'A=other\nB=other\n' };
    expect(loadFiles(files, { env: { A: 'shell' } }).services.web?.user).toBe('shell-file');
    expect(loadFiles(files, { envFiles: ['other'] }).services.web?.user).toBe('other-other');
  });

  it('one that is not set is said once', () => {
    const { warnings, services } = loadFiles({ 'compose.yaml': web('    user: "$A$A"\n') });
    expect(warnings).toEqual(['The "A" variable is not set. Defaulting to a blank string.']);
    expect(services.web?.user).toBe('');
  });

  it('env_file is below environment; names alone take the value of the project', () => {
    const { services, project } = loadFiles(
      {
        'compose.yaml': web(
          '    env_file: [{path: one}, {path: none, required: false}, {path: raw, format: raw}]\n    environment: {B: own, C: }\n',
        ),
        one: 'A=1\nB=1\nQ="x"\n',
        raw: 'R="x"\n',
      },
      { env: { C: 'shell' } },
    );
    expect(services.web?.environment).toEqual({ A: '1', B: 'own', C: 'shell', Q: 'x', R: '"x"' });
    expect(sourceOfField(project, 'web', 'environment.A')).toBe('one:1');
    expect(sourceOfField(project, 'web', 'environment.C')).toMatch(/^compose.yaml:5 \(C from environment\)$/);
  });

  it('a missing env_file is an error that names it', () => {
    expect(() => loadFiles({ 'compose.yaml': web('    env_file: none\n') })).toThrow(
      /env file .*\/shop\/none not found/,
    );
  });
});
