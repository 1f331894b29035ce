import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTable } from '../../support/table.ts';
import { openSession, type Session } from '../handbook/session.ts';
import { standIns } from '../handbook/stand-ins.ts';

const ID = /^[0-9a-f]{64}\n$/;
const SHORT_ID = expect.stringMatching(/^[0-9a-f]{12}$/);

/**
 * "Network Manipulation Basics" of the Docker Handbook (Farhan Hasin Chowdhury, freeCodeCamp), command by command as
 * printed, and what lies around it.
 */
describe.each(['berth', 'docker'] as const)('networks of the Docker Handbook with %s', (client) => {
  let reader: Session;
  beforeAll(async () => {
    reader = await openSession(client, standIns());
  });
  afterAll(() => reader?.end());

  async function ok(line: string): Promise<string> {
    const { code, stdout, stderr } = await reader.type(line);
    expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' });
    return stdout;
  }
  const fails = async (line: string) => {
    const { code, stdout, stderr } = await reader.type(line);
    return { code, text: `${stdout}${stderr}` };
  };

  it('docker network ls: the three that are always there', async () => {
    const row = (NAME: string, DRIVER: string) => ({ 'NETWORK ID': SHORT_ID, NAME, DRIVER, SCOPE: 'local' });
    const builtIn = [row('bridge', 'bridge'), row('host', 'host'), row('none', 'null')];
    expect(parseTable(await ok('docker network ls'))).toEqual(builtIn);
    await ok('docker container run --rm --detach --name hello-dock --publish 8080:80 fhsinchy/hello-dock');
    expect(await ok("docker network inspect --format='{{range .Containers}}{{.Name}}{{end}}' bridge")).toBe(
      'hello-dock\n',
    );
    expect(await ok('docker network create skynet')).toMatch(ID);
    expect(parseTable(await ok('docker network ls'))).toEqual([...builtIn, row('skynet', 'bridge')]);
  });

  it('docker network connect skynet hello-dock', async () => {
    expect(await ok('docker network connect skynet hello-dock')).toBe('');
    expect(await ok("docker network inspect --format='{{range .Containers}} {{.Name}} {{end}}' skynet")).toBe(
      ' hello-dock \n',
    );
    expect(await ok("docker network inspect --format='{{range .Containers}} {{.Name}} {{end}}' bridge")).toBe(
      ' hello-dock \n',
    );
    const addresses = await ok(
      "docker container inspect --format='{{range .NetworkSettings.Networks}} {{.IPAddress}} {{end}}' hello-dock",
    );
    expect(addresses).toMatch(/^ 10\.[\d.]+ {2}10\.[\d.]+ \n$/);
  });

  it('docker container run --network skynet … ping hello-dock', async () => {
    const said = await ok(
      'docker container run --network skynet --rm --name alpine-box alpine sh -c "ping -c 2 hello-dock"',
    );
    expect(said).toMatch(/^PING hello-dock \(10\.[\d.]+\): 56 data bytes\n/);
    expect(said).toMatch(/2 packets transmitted, 2 packets received, 0% packet loss/);
    const { code, text } = await fails('docker container run --rm alpine ping -c 1 hello-dock');
    expect({ code, text }).toEqual({ code: 1, text: expect.stringMatching(/bad address/) });
  });

  it('docker network disconnect, rm, prune', async () => {
    const used = await fails('docker network rm skynet');
    expect(used.code).toBe(1);
    expect(used.text).toMatch(
      /error while removing network: network skynet has active endpoints \(name:"hello-dock" id:"[0-9a-f]{12}"\)/,
    );
    expect(await ok('docker network disconnect skynet hello-dock')).toBe('');
    expect(await ok("docker network inspect --format='{{range .Containers}} {{.Name}} {{end}}' skynet")).toBe('\n');
    expect(await ok('docker network rm skynet')).toBe('skynet\n');
    expect(await fails('docker network rm skynet')).toEqual({
      code: 1,
      text: expect.stringMatching(/^Error response from daemon: network skynet not found\n(.*\n)*exit status 1\n$/),
    });
    expect(await ok('docker network rm --force skynet')).toBe('');
    await ok('docker network create one');
    await ok('docker network create --label keep=yes two');
    expect(await ok("docker network prune --force --filter 'label!=keep'")).toBe('Deleted Networks:\none\n\n');
    expect((await reader.type('echo y | docker network prune')).stdout).toMatch(
      /^WARNING! This will remove all custom networks not used by at least one container\.\nAre you sure you want to continue\? \[y\/N\] Deleted Networks:\ntwo\n\n$/,
    );
    expect(await ok('docker network prune -f')).toBe('');
  });

  it('docker network create with all that it takes', async () => {
    expect(
      await ok(
        'docker network create --driver bridge --subnet 10.98.0.0/16 --gateway 10.98.0.254 --ip-range 10.98.7.0/24 --aux-address printer=10.98.7.1 --ipv6 --subnet fd98:7::/64 --internal --attachable --label a=b --opt com.docker.network.driver.mtu=1300 --opt com.docker.network.bridge.name=br-handbook full',
      ),
    ).toMatch(ID);
    const [shown] = JSON.parse(await ok('docker network inspect full')) as Record<string, unknown>[];
    expect(shown).toMatchObject({
      ...{
        Name: 'full',
        Scope: 'local',
        Driver: 'bridge',
        EnableIPv4: true,
        EnableIPv6: true,
        Internal: true,
        Attachable: true,
      },
      ...{ Ingress: false, ConfigFrom: { Network: '' }, ConfigOnly: false, Containers: {}, Labels: { a: 'b' } },
      IPAM: {
        Driver: 'default',
        Options: {},
        Config: [
          {
            Subnet: '10.98.0.0/16',
            IPRange: '10.98.7.0/24',
            Gateway: '10.98.0.254',
            AuxiliaryAddresses: { printer: '10.98.7.1' },
          },
          { Subnet: 'fd98:7::/64', Gateway: 'fd98:7::1' },
        ],
      },
      Options: { 'com.docker.network.driver.mtu': '1300', 'com.docker.network.bridge.name': 'br-handbook' },
    });
    const lines = await ok(
      'docker run --rm --network name=full,alias=me,ip=10.98.7.9,ip6=fd98:7::9,mac-address=02:00:00:00:00:09 alpine ip addr show eth0',
    );
    for (const part of ['mtu 1300', '02:00:00:00:00:09', '10.98.7.9/16', 'fd98:7::9/64']) expect(lines).toContain(part);
    // The first of the range is the printer's.
    expect(await ok('docker run --rm --network full alpine ip -4 addr show eth0')).toContain('inet 10.98.7.0/16');
    expect(await fails('docker network create --subnet 10.98.7.0/24 clash')).toEqual({
      code: 1,
      text: expect.stringMatching(/invalid pool request: Pool overlaps with other one on this address space/),
    });
    expect(await ok('docker network rm full')).toBe('full\n');
  });

  it('docker network connect with all that it takes', async () => {
    await ok('docker network create --subnet 10.98.0.0/24 --ipv6 --subnet fd98:8::/64 joined');
    await ok('docker run -d --name other --network joined alpine sleep 1000');
    await ok('docker run -d --name joiner alpine sleep 1000');
    await ok(
      'docker network connect --ip 10.98.0.44 --ip6 fd98:8::44 --alias first --alias second --link other:friend --link-local-ip 169.254.7.7 --driver-opt com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1 --gw-priority 7 joined joiner',
    );
    const shown = JSON.parse(
      await ok("docker inspect -f '{{json .NetworkSettings.Networks.joined}}' joiner"),
    ) as Record<string, unknown>;
    expect(shown).toMatchObject({
      IPAMConfig: { IPv4Address: '10.98.0.44', IPv6Address: 'fd98:8::44', LinkLocalIPs: ['169.254.7.7'] },
      ...{ Links: ['other:friend'], Aliases: ['first', 'second'], GwPriority: 7 },
      ...{ IPAddress: '10.98.0.44', IPPrefixLen: 24, GlobalIPv6Address: 'fd98:8::44', Gateway: '10.98.0.1' },
      DNSNames: expect.arrayContaining(['joiner', 'first', 'second']),
    });
    const script = 'ip addr show eth1; ip route; cat /proc/sys/net/ipv4/conf/eth1/log_martians; ping -c1 friend';
    const seen = await ok(`docker exec joiner sh -c '${script}'`);
    for (const part of [
      '10.98.0.44/24',
      'fd98:8::44/64',
      '169.254.7.7/16',
      'default via 10.98.0.1 dev eth1',
      '1 packets received',
    ])
      expect(seen).toContain(part);
    expect(await ok('docker exec other ping -4 -c1 second')).toContain('(10.98.0.44)');
    expect((await fails('docker network connect joined joiner')).text).toMatch(
      /endpoint with name joiner already exists in network joined/,
    );
    await ok('docker network disconnect -f joined joiner');
    await ok('docker rm -f joiner other');
    await ok('docker network rm joined');
  });

  it('docker network create --config-only, --config-from', async () => {
    await ok('docker network create --config-only --subnet 10.99.3.0/24 --label from=template template');
    await ok('docker network create --config-from template made');
    expect(
      await ok(
        "docker network inspect -f '{{.ConfigFrom.Network}} {{(index .IPAM.Config 0).Subnet}} {{.Labels.from}}' made",
      ),
    ).toBe('template 10.99.3.0/24 template\n');
    expect((await fails('docker network rm template')).text).toMatch(/configuration network "template" is in use/);
    expect(await ok('docker network rm made template')).toBe('made\ntemplate\n');
  });

  it('docker network ls and its filters', async () => {
    await ok('docker network create --label team=a alpha');
    await ok('docker network create --label team=b beta');
    const names = (filter: string) => ok(`docker network ls --format '{{.Name}}' ${filter}`);
    expect(await names('--filter type=custom')).toBe('alpha\nbeta\n');
    expect(await names('--filter label=team=b')).toBe('beta\n');
    expect(await names('--filter name=alp')).toBe('alpha\n');
    expect(await names('--filter driver=null')).toBe('none\n');
    expect(await names('--filter dangling=true')).toBe('alpha\nbeta\n');
    expect((await fails('docker network ls --filter nonsense=1')).text).toMatch(/invalid filter 'nonsense'/);
    expect(await ok('docker network rm alpha beta')).toBe('alpha\nbeta\n');
  });

  it('events tell of networks', async () => {
    const since = Date.now() / 1000;
    await ok('docker network create told');
    await ok('docker run --rm --network told alpine true');
    await ok('docker network rm told');
    const text = await ok(
      `docker events --since ${since} --until ${Date.now() / 1000 + 0.1} --filter type=network --format '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}}'`,
    );
    expect(text).toBe('create told bridge\nconnect told bridge\ndisconnect told bridge\ndestroy told bridge\n');
  });

  it('a container that stands in the way', async () => {
    await ok('docker container stop hello-dock');
    const { code, text } = await fails('docker run --rm --network nowhere alpine true');
    expect(code).toBe(125);
    expect(text).toMatch(/network nowhere not found/);
  });
});
