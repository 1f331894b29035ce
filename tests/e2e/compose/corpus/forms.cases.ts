/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write in a Compose file */

/** Files that are about one part of the format, as people write it. */
export const FORMS: Readonly<Record<string, string>> = {
  staticips: `version: "2.4"
services:
  a: {image: nginx, networks: {net: {ipv4_address: 172.28.5.10}}, mem_limit: 128m, cpus: 0.5}
  b: {image: nginx, networks: {net: {ipv4_address: 172.28.5.11}}, depends_on: {a: {condition: service_started}}, cpu_shares: 73}
networks: {net: {ipam: {driver: default, config: [{subnet: 172.28.0.0/16, gateway: 172.28.5.254}]}}}
`,
  secrets: `version: "3.8"
services:
  db: {image: "mysql:8", secrets: [db_password, {source: root_password, target: root, mode: 0440}], environment: {MYSQL_PASSWORD_FILE: /run/secrets/db_password}}
  web: {image: nginx, configs: [{source: nginx, target: /etc/nginx/nginx.conf}], ports: [{target: 80, published: 8080, protocol: tcp, mode: host}]}
secrets: {db_password: {file: ./secret.txt}, root_password: {file: ./secret.txt}}
configs: {nginx: {file: ./secret.txt}}
`,
  swarm: `version: "3.8"
services:
  vote:
    image: dockersamples/examplevotingapp_vote
    ports: ["5000:80"]
    networks: [frontend]
    deploy: {replicas: 2, update_config: {parallelism: 2, delay: 10s}, restart_policy: {condition: on-failure, max_attempts: 3, window: 120s}, resources: {limits: {cpus: '0.50', memory: 50M}, reservations: {cpus: '0.25', memory: 20M}}}
  worker: {image: "dockersamples/examplevotingapp_worker", networks: [frontend, backend], deploy: {mode: replicated, labels: [APP=VOTING], placement: {constraints: [node.role == manager]}}}
networks: {frontend: , backend: }
`,
  gpu: `services:
  train:
    image: nvidia/cuda:12.2.0-base-ubuntu20.04
    command: nvidia-smi
    deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}
    shm_size: 8gb
    ipc: host
`,
  vpn: `version: "3"
services:
  vpn: {image: qmcgaw/gluetun, cap_add: [NET_ADMIN], devices: ["/dev/net/tun:/dev/net/tun"], ports: ["8080:8080"], environment: {VPN_TYPE: wireguard}}
  torrent: {image: linuxserver/qbittorrent, network_mode: "service:vpn", depends_on: [vpn], volumes: ["./q:/config"]}
`,
  external: `version: "3.5"
services:
  app: {image: "nginx:alpine", networks: [proxy, default], volumes: ["shared:/shared"]}
networks: {proxy: {external: {name: nginx-proxy}}}
volumes: {shared: {external: true}}
`,
  links: `version: "2"
services:
  web: {image: nginx, links: ["db:database", cache], volumes_from: ["data:ro"]}
  db: {image: postgres}
  cache: {image: redis}
  data: {image: busybox, volumes: [/var/data]}
`,
  nfs: `version: "3.2"
services:
  app: {image: alpine, volumes: [{type: volume, source: nfs, target: /nfs, volume: {nocopy: true}}, {type: tmpfs, target: /tmp, tmpfs: {size: 1000}}]}
volumes: {nfs: {driver_opts: {type: nfs, o: "addr=192.0.2.8,nolock,soft,rw", device: ":/docker/example"}}}
`,
  escapes: `services:
  cron:
    image: alpine
    command: sh -c "while true; do echo $$(date) $$HOME; sleep 60; done"
    environment: {PATTERN: "^a$$", PRICE: "5$$", NAME: "\${NAME:-\${USER_NAME:-nobody}}", EMPTY: "\${NOTHING:-}", OTHER: "\${NAME:+set}"}
    labels: {com.example.desc: "with: colon # and hash", com.example.empty: ""}
    stop_signal: SIGQUIT
    stop_grace_period: 1m30s
`.replace('\\${NAME:+set}', 'x'),
};
