import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from './run-tool.ts';

/** Fetches a Debian package, without installing it, and unpacks it in a folder of its own below `directory`. */
export async function packageFolder(name: string, directory: string): Promise<string> {
  const target = join(directory, name);
  await mkdir(target);
  // As root: apt would drop its rights and then not be able to write here.
  await runTool('apt-get', ['download', '-o', 'APT::Sandbox::User=root', name], { debianPackage: 'apt', cwd: target });
  const archive = (await readdir(target)).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw new Error(`apt-get download ${name} left no package`);
  const root = join(target, 'root');
  await runTool('dpkg-deb', ['--extract', join(target, archive), root], { debianPackage: 'dpkg' });
  return root;
}
