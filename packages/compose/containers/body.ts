import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CreateContainerBody } from '@berth/client';
import type { HealthcheckConfig, HostConfig, PortBinding } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { Healthcheck, Project, Service } from '../model.ts';
import { durationOf } from '../normalize/units.ts';
import { canonicalJson, containerConfig, hashOf } from './hash.ts';
import { COMPOSE_VERSION, LABEL } from './labels.ts';
import { mountParts } from './mounts.ts';
import { imageName, type Style } from './names.ts';
import type { Attachment } from './networks.ts';
import { defined, resources, restartPolicy } from './resources.ts';

/** What the body of a create call needs besides the service. */
export interface BodyFacts {
  project: Project;
  name: string;
  service: Service;
  style: Style;
  number: number;
  /** Id of the image that is there. */
  imageId: string | undefined;
  attachments: readonly Attachment[];
  /** Volumes without a name that are taken over: target to name. */
  inherited: ReadonlyMap<string, string>;
  /** Container of a service, for shared namespaces and `volumes_from`. */
  containerOf: (service: string) => string;
  /** True for engines that take several networks at once (API 1.44). */
  manyNetworks: boolean;
  oneOff?: boolean;
  /** Id of the container that this one replaces. */
  replaces?: string;
}

/** The body of a create call for a container of a service. */
export function createBody(facts: BodyFacts): CreateContainerBody {
  const { service, project, name, style, attachments, manyNetworks } = facts;
  const mounts = mountParts(project, service, facts.inherited);
  const [first] = attachments;
  const used = manyNetworks ? attachments : attachments.slice(0, 1);
  const { exposed, bindings } = ports(service);
  const stop = service.stop_grace_period === undefined ? undefined : durationOf(service.stop_grace_period);
  return {
    ...defined<CreateContainerBody>({
      Hostname: service.hostname,
      Domainname: service.domainname,
      User: service.user,
      Tty: service.tty ?? false,
      OpenStdin: service.stdin_open ?? false,
      AttachStdin: false,
      AttachStdout: true,
      AttachStderr: true,
      Env: environment(service),
      Cmd: service.command ?? undefined,
      Entrypoint: service.entrypoint ?? undefined,
      Image: imageName(project, name, service, style),
      WorkingDir: service.working_dir,
      Labels: labels(facts),
      StopSignal: service.stop_signal,
      StopTimeout: stop === undefined ? undefined : Math.ceil(stop / 1e9),
      Healthcheck: service.healthcheck && healthcheck(service.healthcheck),
      MacAddress: manyNetworks ? undefined : service.mac_address,
      ExposedPorts: Object.keys(exposed).length ? exposed : undefined,
    }),
    HostConfig: {
      ...hostConfig(facts, bindings),
      ...(mounts.binds.length && { Binds: mounts.binds }),
      ...(mounts.mounts.length && { Mounts: mounts.mounts }),
      ...(Object.keys(mounts.tmpfs).length && { Tmpfs: mounts.tmpfs }),
      NetworkMode: networkMode(facts) ?? first?.network ?? 'none',
    },
    ...(used.length && {
      NetworkingConfig: {
        EndpointsConfig: Object.fromEntries(used.map(({ network, endpoint }) => [network, endpoint])),
      },
    }),
  };
}

/** `service:x` becomes the container of that service. */
function networkMode({ service, containerOf }: BodyFacts): string | undefined {
  return namespace(service.network_mode, containerOf);
}

function namespace(mode: string | undefined, containerOf: (service: string) => string): string | undefined {
  const other = mode?.startsWith('service:') ? mode.slice(8) : undefined;
  return other === undefined ? mode : `container:${containerOf(other)}`;
}

function hostConfig(facts: BodyFacts, bindings: Record<string, PortBinding[]>): Partial<HostConfig> {
  const { service, containerOf, project } = facts;
  return {
    ...resources(service),
    ...defined<HostConfig>({
      PortBindings: Object.keys(bindings).length ? bindings : undefined,
      RestartPolicy: facts.oneOff ? undefined : restartPolicy(service),
      LogConfig: service.logging && { Type: service.logging.driver ?? '', Config: service.logging.options ?? {} },
      VolumesFrom: service.volumes_from?.map((from) => volumesFrom(from, containerOf)),
      Annotations: service.annotations,
      CapAdd: service.cap_add,
      CapDrop: service.cap_drop,
      CgroupnsMode: service.cgroup as HostConfig['CgroupnsMode'],
      Dns: service.dns,
      DnsOptions: service.dns_opt,
      DnsSearch: service.dns_search,
      ExtraHosts:
        service.extra_hosts &&
        Object.entries(service.extra_hosts).flatMap(([host, all]) => all.map((ip) => `${host}:${ip}`)),
      GroupAdd: service.group_add,
      Init: service.init,
      IpcMode: namespace(service.ipc, containerOf),
      PidMode: namespace(service.pid, containerOf),
      UTSMode: service.uts,
      UsernsMode: service.userns_mode,
      Isolation: service.isolation,
      Privileged: service.privileged,
      ReadonlyRootfs: service.read_only,
      Runtime: service.runtime,
      SecurityOpt: securityOptions(service, project.workingDir),
      ShmSize: service.shm_size === undefined ? undefined : Number(service.shm_size),
      StorageOpt: service.storage_opt,
      Sysctls: service.sysctls,
    }),
  };
}

function volumesFrom(from: string, containerOf: (service: string) => string): string {
  if (from.startsWith('container:')) return from.slice(10);
  const [service = '', mode] = from.split(':');
  return `${containerOf(service)}${mode === undefined ? '' : `:${mode}`}`;
}

/** A seccomp profile is sent, not its path. */
function securityOptions(
  { security_opt: options, credential_spec: spec }: Service,
  folder: string,
): string[] | undefined {
  const made = (options ?? []).map((option) => {
    const [, key = '', value = ''] = /^([\w-]+)[:=](.*)$/s.exec(option) ?? [];
    if (key !== 'seccomp' || value === 'unconfined' || value === 'builtin') return option;
    try {
      return `seccomp=${JSON.stringify(JSON.parse(readFileSync(resolve(folder, value), 'utf8')))}`;
    } catch (error) {
      throw new BerthError(
        'invalid',
        `opening seccomp profile (${value}) failed: ${error instanceof Error ? error.message : error}`,
      );
    }
  });
  for (const [kind, value] of Object.entries(spec ?? {})) made.push(`credentialspec=${kind}://${value}`);
  return made.length ? made : undefined;
}

function environment({ environment: variables }: Service): string[] | undefined {
  if (!variables) return undefined;
  return Object.entries(variables).map(([name, value]) => (value === null ? name : `${name}=${value}`));
}

const PORT_MAX = 65_535;

function ports(service: Service): { exposed: Record<string, object>; bindings: Record<string, PortBinding[]> } {
  const exposed: Record<string, object> = {};
  const bindings: Record<string, PortBinding[]> = {};
  for (const text of service.expose ?? []) {
    const [, first = '', last = first, protocol = 'tcp'] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text) ?? [];
    if (first === '' || Number(last) > PORT_MAX || Number(first) > Number(last))
      throw new BerthError('invalid', `invalid port in expose: ${JSON.stringify(text)}`);
    for (let port = Number(first); port <= Number(last); port++) exposed[`${port}/${protocol}`] = {};
  }
  for (const { target, published = '', protocol = 'tcp', host_ip: ip = '' } of service.ports ?? []) {
    const key = `${target}/${protocol}`;
    exposed[key] = {};
    bindings[key] = [...(bindings[key] ?? []), { HostIp: ip, HostPort: published }];
  }
  return { exposed, bindings };
}

export function healthcheck(check: Healthcheck): HealthcheckConfig {
  if (check.disable) return { Test: ['NONE'] };
  const time = (text: string | undefined) => (text === undefined ? undefined : durationOf(text));
  return defined<HealthcheckConfig>({
    Test: check.test,
    Interval: time(check.interval),
    Timeout: time(check.timeout),
    StartPeriod: time(check.start_period),
    StartInterval: time(check.start_interval),
    Retries: check.retries,
  });
}

function labels(facts: BodyFacts): Record<string, string> {
  const { project, name, service } = facts;
  const config = containerConfig(project, service);
  const dependencies = Object.entries(service.depends_on ?? {}).map(
    ([other, { condition, restart }]) => `${other}:${condition}:${restart ?? false}`,
  );
  return {
    ...service.labels,
    [LABEL.project]: project.name,
    [LABEL.service]: name,
    [LABEL.number]: String(facts.number),
    [LABEL.oneOff]: facts.oneOff ? 'True' : 'False',
    [LABEL.configHash]: hashOf(config),
    [LABEL.config]: canonicalJson(config),
    [LABEL.workingDir]: project.workingDir,
    [LABEL.configFiles]: project.files.join(','),
    ...(project.envFiles.length && { [LABEL.environmentFile]: project.envFiles.join(',') }),
    [LABEL.dependsOn]: dependencies.join(','),
    [LABEL.version]: COMPOSE_VERSION,
    ...(facts.imageId !== undefined && { [LABEL.image]: facts.imageId }),
    ...(facts.replaces !== undefined && { [LABEL.replace]: facts.replaces }),
  };
}
