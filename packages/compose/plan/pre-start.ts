import { createBody } from '../containers/body.ts';
import { imageName, separatorOf } from '../containers/names.ts';
import { attachments } from '../containers/networks.ts';
import type { ContainerDecision } from '../decide/decide.ts';
import type { Hook, Service } from '../model.ts';
import type { ContainerFacts } from './containers.ts';
import { containerSubject, type Operation } from './operation.ts';

const removedId = (name: string) => `pre-start:${name}:removed`;

/** Of the steps before a container's start, the names: one of its own per replica only where that is wished. */
function stepNames({ service, number }: ContainerDecision, { pre_start: steps = [] }: Service): string[] {
  return steps.map(({ per_replica: own }, index) => `${service}-pre_start-${index}${own ? `-${number}` : ''}`);
}

/** The operations after which a container may start, as far as its steps go. */
export function preStartIds(decision: ContainerDecision, service: Service): string[] {
  return stepNames(decision, service).map(removedId);
}

/** Each step in a container of its own, one after the other: made, started, waited for, removed. */
export function planPreStart(
  decision: ContainerDecision,
  service: Service,
  facts: ContainerFacts,
  waits: readonly string[],
): Operation[] {
  const names = stepNames(decision, service);
  return (service.pre_start ?? []).flatMap((step, index) => {
    const before = index === 0 ? [] : [removedId(names[index - 1] ?? '')];
    return planStep(names[index] ?? '', step, decision, service, facts, [...waits, ...before]);
  });
}

function planStep(
  name: string,
  step: Hook,
  decision: ContainerDecision,
  service: Service,
  facts: ContainerFacts,
  needs: readonly string[],
): Operation[] {
  const { project, style, manyNetworks } = facts;
  const container = [project.name, name].join(separatorOf(style));
  const own = stepService(step, service, imageName(project, decision.service, service, style));
  const body = createBody({
    project,
    name: decision.service,
    service: own,
    style,
    number: decision.number,
    imageId: undefined,
    attachments: attachments(project, decision.service, own, {
      containerName: container,
      useAliases: false,
      links: [],
    }),
    inherited: new Map(),
    containerOf: (other) => facts.namesOf(other)[0] ?? other,
    manyNetworks,
    oneOff: true,
  });
  const base = { subject: containerSubject(container), reasons: decision.reasons };
  const id = (what: string) => `pre-start:${name}:${what}`;
  const made = Object.keys(own.networks ?? {}).map((key) => `network:${key}`);
  const volumes = (own.volumes ?? []).flatMap(({ source }) => (source ? [`volume:${source}`] : []));
  return [
    {
      ...base,
      id: id('create'),
      kind: 'create-container',
      needs: [...needs, ...made, ...volumes],
      words: ['Creating', 'Created'],
      name: container,
      body,
      platform: service.platform ?? '',
    },
    {
      ...base,
      id: id('start'),
      kind: 'start-container',
      needs: [id('create')],
      words: ['Starting', 'Started'],
      container,
    },
    {
      ...base,
      id: id('end'),
      kind: 'wait-completed',
      needs: [id('start')],
      words: ['Waiting', 'Exited'],
      container,
      service: decision.service,
    },
    {
      ...base,
      id: removedId(name),
      kind: 'remove-container',
      needs: [id('end')],
      words: ['Removing', 'Removed'],
      container,
      volumes: true,
      force: true,
    },
  ];
}

/** The service as one of its steps sees it. */
function stepService(step: Hook, service: Service, image: string): Service {
  const {
    ports: _,
    expose: _expose,
    healthcheck: _health,
    entrypoint: _entry,
    command: _command,
    scale: _scale,
    ...rest
  } = service;
  return {
    ...rest,
    image: step.image ?? image,
    ...(step.command && { command: step.command }),
    ...(step.user !== undefined && { user: step.user }),
    ...(step.privileged !== undefined && { privileged: step.privileged }),
    ...(step.working_dir !== undefined && { working_dir: step.working_dir }),
    environment: { ...service.environment, ...step.environment },
  };
}
