import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type LoadOptions, loadProject, type Project } from '@berth/compose';
import { onTestFinished } from 'vitest';

/** A project as it was loaded, also with its fields beside each other. */
export interface LoadedFiles extends Project {
  project: Project;
  /** The folder of the files. */
  cwd: string;
  warnings: string[];
}

/** Loads a project of these files; the folder is called `shop` and gone after the test. */
export function loadFiles(files: Record<string, string>, options: Partial<LoadOptions> = {}): LoadedFiles {
  const root = mkdtempSync(path.join(tmpdir(), 'berth-compose-test-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const cwd = path.join(root, 'shop');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(cwd, name)), { recursive: true });
    writeFileSync(path.join(cwd, name), text);
  }
  const warnings: string[] = [];
  const project = loadProject({ files: [], cwd, env: {}, onWarning: (text) => warnings.push(text), ...options });
  return { ...project, cwd, warnings, project };
}

/** A Compose file with the service `web`; `more` are further fields of it, indented by four. */
export const web = (more: string) => `services:\n  web:\n    image: a\n${more}`;
