import type { DoctorReport, PortReport } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { json, type Route } from '../api/http.ts';

/** What Docker does not have: why a port or a connection is as it is. */
export interface NetworkExplanations {
  explainPorts(): PortReport[];
  /** Errors: not-found (container), invalid (target). */
  diagnose(container: string, target: string): Promise<DoctorReport>;
}

export function networkExtraRoutes(networks: NetworkExplanations): Route[] {
  return [
    {
      method: 'GET',
      path: '/berth/v1/ports',
      name: 'network.ports',
      permission: 'read',
      handler: () => json(200, networks.explainPorts()),
    },
    {
      method: 'GET',
      path: '/berth/v1/networks/doctor',
      name: 'network.doctor',
      permission: 'write', // it opens connections from within a container's network
      handler: async (request) => {
        const [container, target] = [request.query('container'), request.query('target')];
        if (container === '' || target === '')
          throw new BerthError('invalid', 'container and target must be named in the query');
        return json(200, await networks.diagnose(container, target));
      },
    },
  ];
}
