import { imageName, type Project, type SeenImage, type Service, wantsPull } from '@berth/compose';
import { describeError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import type { Compose } from './compose.ts';
import { sideBySide } from './side-by-side.ts';
import { openView } from './view/progress.ts';

/** What is done about images before containers are made. */
export interface ImageWishes {
  /** `--pull`; '' leaves it to the file. */
  pull: string;
  build: boolean;
  noBuild: boolean;
  quietPull: boolean;
  quietBuild: boolean;
}

/** Pulls and builds what is needed. True when anything was: what is there has to be looked at again. */
export async function prepareImages(
  compose: Compose,
  project: Project,
  services: readonly string[],
  present: ReadonlyMap<string, SeenImage>,
  wishes: ImageWishes,
): Promise<boolean> {
  const toBuild: string[] = [];
  const toPull = new Map<string, string>();
  for (const name of services) {
    const service = project.services[name] ?? {};
    if (service.provider) continue;
    const image = imageName(project, name, service, compose.style);
    const step = imageStep(service, present.get(image), wishes);
    if (step === 'build') toBuild.push(name);
    if (step === 'pull') toPull.set(name, image);
  }
  if (toPull.size) await pullServices(compose, project, toPull, wishes.quietPull);
  if (toBuild.length) {
    const { buildServices } = await import('./build-services.ts');
    if (compose.classic && !wishes.build)
      for (const name of toBuild)
        compose.context.err.write(
          `WARNING: Image for service ${name} was built because it did not already exist. To rebuild this image you must use \`docker-compose build\` or \`docker-compose up --build\`.\n`,
        );
    await buildServices(compose, project, toBuild, { quiet: wishes.quietBuild });
  }
  return toPull.size + toBuild.length > 0;
}

/** What one service needs. */
export function imageStep(
  service: Service,
  image: SeenImage | undefined,
  wishes: ImageWishes,
): 'build' | 'pull' | 'nothing' {
  const policy = wishes.pull === 'policy' || wishes.pull === '' ? (service.pull_policy ?? '') : wishes.pull;
  if (service.build && (wishes.build || policy === 'build' || !image) && !wishes.noBuild) {
    if (!(policy === 'always' && !wishes.build)) return 'build';
  }
  if (service.build && policy !== 'always' && policy !== 'missing') return 'nothing';
  return wantsPull(policy, service.pull_refresh_after, image, Date.now()) ? 'pull' : 'nothing';
}

/** Pulls the images of services side by side; of services with the same image once. */
export async function pullServices(
  compose: Compose,
  project: Project,
  images: ReadonlyMap<string, string>,
  quiet: boolean,
  options: { ignoreFailures?: boolean; onFailure?: (service: string) => void } = {},
): Promise<void> {
  const { context, dryRun, classic } = compose;
  const { pullImage } = await import('../container/pull-image.ts');
  const once = new Map([...images].map(([service, image]) => [image, service]));
  const view = classic ? undefined : await openView(compose, { quiet });
  const failed: string[] = [];
  const pull = async (image: string, service: string) => {
    const platform = project.services[service]?.platform ?? '';
    if (classic) context.err.write(`Pulling ${service} (${image})...\n`);
    else view?.note(service, 'Pulling');
    try {
      if (!dryRun) await pullImage(context, image, { platform, quiet: quiet || !classic });
      view?.note(service, 'Pulled');
    } catch (error) {
      view?.note(service, 'Error');
      options.onFailure?.(service);
      failed.push(describeError(error));
    }
  };
  try {
    if (classic) for (const [image, service] of once) await pull(image, service);
    else await sideBySide([...once], compose.parallel, ([image, service]) => pull(image, service));
  } finally {
    view?.end();
  }
  if (failed.length && !options.ignoreFailures) throw new CliError(failed.join('\n'));
  for (const text of failed) context.err.write(`${text}\n`);
}
