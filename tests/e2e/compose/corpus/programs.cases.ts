/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write in a Compose file */

/** Applications as people write them: what is usual in files for these programs. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  wordpress: `services:
  db:
    image: mysql:8.0
    volumes: [db_data:/var/lib/mysql]
    restart: always
    environment: {MYSQL_ROOT_PASSWORD: "\${DB_ROOT:-somewordpress}", MYSQL_DATABASE: wordpress, MYSQL_USER: wordpress, MYSQL_PASSWORD: wordpress}
  wordpress:
    depends_on: [db]
    image: wordpress:latest
    ports: ["8000:80"]
    restart: always
    environment: [WORDPRESS_DB_HOST=db:3306, WORDPRESS_DB_USER=wordpress, WORDPRESS_DB_PASSWORD=wordpress]
volumes:
  db_data: {}
`,
  nextcloud: `services:
  nc:
    image: nextcloud:apache
    restart: always
    ports: [80:80]
    volumes: [nc_data:/var/www/html]
    networks: [redisnet, dbnet]
    environment:
      - REDIS_HOST=redis
      - MYSQL_HOST=db
      - MYSQL_DATABASE=nextcloud
  redis:
    image: redis:alpine
    restart: always
    networks: [redisnet]
    expose: [6379]
  db:
    image: mariadb:10.5
    command: --transaction-isolation=READ-COMMITTED --binlog-format=ROW
    restart: always
    volumes: ["db_data:/var/lib/mysql"]
    networks: [dbnet]
volumes: {db_data: , nc_data: }
networks: {dbnet: , redisnet: }
`,
  gitea: `version: "3"
networks:
  gitea: {external: false}
services:
  server:
    image: gitea/gitea:1.20
    container_name: gitea
    environment: [USER_UID=1000, USER_GID=1000]
    restart: always
    networks: [gitea]
    volumes: [./gitea:/data, /etc/timezone:/etc/timezone:ro, /etc/localtime:/etc/localtime:ro]
    ports: ["3000:3000", "222:22"]
`,
  prometheus: `services:
  prometheus:
    image: prom/prometheus
    container_name: prometheus
    command: ['--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.retention.time=200h']
    ports: ["9090:9090"]
    restart: unless-stopped
    volumes: ["./prometheus:/etc/prometheus", "prom_data:/prometheus"]
  grafana:
    image: grafana/grafana
    ports: ["3000:3000"]
    environment: [GF_SECURITY_ADMIN_USER=admin, "GF_SECURITY_ADMIN_PASSWORD=\${GRAFANA_PASSWORD:-grafana}"]
    volumes: ["./grafana:/etc/grafana/provisioning/datasources"]
    depends_on: [prometheus]
volumes: {prom_data: {}}
`,
  elastic: `version: '2.2'
services:
  es01:
    image: elasticsearch:7.16.1
    environment: {node.name: es01, discovery.type: single-node, ES_JAVA_OPTS: "-Xms512m -Xmx512m"}
    ulimits:
      memlock: {soft: -1, hard: -1}
      nofile: {soft: 65536, hard: 65536}
    volumes: [data01:/usr/share/elasticsearch/data]
    ports: ["9200:9200"]
    mem_limit: 1g
    cap_add: [IPC_LOCK]
  kibana:
    image: kibana:7.16.1
    ports: ["5601:5601"]
    environment: {ELASTICSEARCH_HOSTS: '["http://es01:9200"]'}
    depends_on: [es01]
volumes:
  data01: {driver: local}
`,
  django: `services:
  db:
    image: postgres
    volumes: ["./data/db:/var/lib/postgresql/data"]
    environment: [POSTGRES_DB=postgres, POSTGRES_USER=postgres, "POSTGRES_PASSWORD=\${PGPASS?is needed}"]
  web:
    build: .
    command: python manage.py runserver 0.0.0.0:8000
    volumes: [".:/code"]
    ports: ["8000:8000"]
    environment: [POSTGRES_NAME=postgres]
    depends_on: [db]
`,
  rails: `services:
  db:
    image: postgres
    volumes: ["./tmp/db:/var/lib/postgresql/data"]
    environment: {POSTGRES_PASSWORD: password}
  web:
    build: .
    command: bash -c "rm -f tmp/pids/server.pid && bundle exec rails s -p 3000 -b '0.0.0.0'"
    volumes: [".:/myapp"]
    ports: ["3000:3000"]
    depends_on: [db]
`,
  kafka: `version: "3.7"
x-kafka: &kafka
  image: confluentinc/cp-kafka:7.0.0
  restart: on-failure
services:
  zookeeper:
    image: confluentinc/cp-zookeeper:7.0.0
    environment: {ZOOKEEPER_CLIENT_PORT: 2181, ZOOKEEPER_TICK_TIME: 2000}
  kafka:
    <<: *kafka
    depends_on: [zookeeper]
    ports: ["29092:29092"]
    environment:
      KAFKA_BROKER_ID: 1
      KAFKA_ZOOKEEPER_CONNECT: zookeeper:2181
      KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://kafka:9092,PLAINTEXT_HOST://localhost:29092
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 1
`,
  traefik: `services:
  traefik:
    image: traefik:v2.9
    container_name: traefik
    command: [--api.insecure=true, --providers.docker=true, "--entrypoints.web.address=:80"]
    ports: ["80:80", "8080:8080"]
    volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]
  whoami:
    image: traefik/whoami
    labels: ["traefik.enable=true", "traefik.http.routers.whoami.rule=Host(\`whoami.localhost\`)"]
`,
  mongo: `version: '3.1'
services:
  mongo:
    image: mongo
    restart: always
    environment: {MONGO_INITDB_ROOT_USERNAME: root, MONGO_INITDB_ROOT_PASSWORD: example}
  mongo-express:
    image: mongo-express
    restart: always
    ports: [8081:8081]
    environment: {ME_CONFIG_MONGODB_URL: "mongodb://root:example@mongo:27017/", ME_CONFIG_BASICAUTH: "false"}
`,
  minio: `services:
  minio:
    image: quay.io/minio/minio
    command: server --console-address ":9001" /data{1...2}
    hostname: minio1
    expose: ["9000", "9001"]
    healthcheck: {test: ["CMD", "curl", "-f", "http://localhost:9000/minio/health/live"], interval: 30s, timeout: 20s, retries: 3}
    volumes: [data1-1:/data1, data1-2:/data2]
  nginx:
    image: nginx:1.19.2-alpine
    volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro"]
    ports: ["9000:9000", "9001:9001"]
    depends_on: [minio]
volumes: {data1-1: , data1-2: }
`,
  jenkins: `services:
  jenkins:
    image: jenkins/jenkins:lts
    privileged: true
    user: root
    ports: [8080:8080, 50000:50000]
    container_name: jenkins
    volumes: ["/home/jenkins:/var/jenkins_home", "/var/run/docker.sock:/var/run/docker.sock"]
`,
  sonarqube: `services:
  sonarqube:
    image: sonarqube:lts-community
    depends_on: [sonar_db]
    environment: {SONAR_JDBC_URL: "jdbc:postgresql://sonar_db:5432/sonar", SONAR_JDBC_USERNAME: sonar}
    ports: ["9001:9000"]
    ulimits: {nproc: 65535, nofile: {soft: 32000, hard: 40000}}
    volumes: [sonarqube_conf:/opt/sonarqube/conf, sonarqube_data:/opt/sonarqube/data]
  sonar_db: {image: "postgres:13", environment: {POSTGRES_USER: sonar, POSTGRES_DB: sonar}, volumes: ["sonar_db:/var/lib/postgresql"]}
volumes: {sonarqube_conf: , sonarqube_data: , sonar_db: }
`,
  pihole: `version: "3"
services:
  pihole:
    container_name: pihole
    image: pihole/pihole:latest
    ports: ["53:53/tcp", "53:53/udp", "67:67/udp", "80:80/tcp"]
    environment: {TZ: 'America/Chicago', WEBPASSWORD: }
    volumes: ['./etc-pihole:/etc/pihole', './etc-dnsmasq.d:/etc/dnsmasq.d']
    cap_add: [NET_ADMIN]
    dns: [127.0.0.1, 1.1.1.1]
    restart: unless-stopped
`,
  wireguard: `version: "2.1"
services:
  wireguard:
    image: linuxserver/wireguard
    container_name: wireguard
    cap_add: [NET_ADMIN, SYS_MODULE]
    environment: [PUID=1000, PGID=1000, TZ=Europe/London, PEERS=1]
    volumes: ["/path/to/appdata/config:/config", "/lib/modules:/lib/modules"]
    ports: ["51820:51820/udp"]
    sysctls: [net.ipv4.conf.all.src_valid_mark=1]
    restart: unless-stopped
`,
  homeassistant: `version: '3'
services:
  homeassistant:
    container_name: homeassistant
    image: "ghcr.io/home-assistant/home-assistant:stable"
    volumes: ["./config:/config", "/etc/localtime:/etc/localtime:ro"]
    restart: unless-stopped
    privileged: true
    network_mode: host
    devices: ["/dev/ttyUSB0:/dev/ttyUSB0"]
`,
  plex: `services:
  plex:
    image: plexinc/pms-docker
    hostname: media
    environment: {TZ: "\${TZ:-UTC}", ADVERTISE_IP: "http://192.0.2.1:32400/"}
    ports: ["32400:32400/tcp", "8324:8324/tcp", "1900:1900/udp", "32410-32414:32410-32414/udp"]
    tmpfs: /transcode
    volumes: ["./config:/config", "\${MEDIA:-/media}:/data:ro"]
`,
  celery: `x-app: &app
  build: {context: ., target: dev, args: {PYTHON: "3.12"}}
  env_file: app.env
  volumes: [".:/app"]
services:
  web: {<<: *app, command: "gunicorn app:app -b 0.0.0.0:8000", ports: ["8000:8000"], depends_on: [redis]}
  worker: {<<: *app, command: "celery -A app worker", depends_on: [redis]}
  beat: {<<: *app, command: ["celery", "-A", "app", "beat"], depends_on: [redis, worker]}
  redis: {image: "redis:7-alpine", command: "redis-server --appendonly yes", volumes: ["redis:/data"]}
volumes: {redis: }
`,
  laravel: `services:
  app:
    build: {context: ./docker/php, dockerfile: Dockerfile, args: [WWWGROUP=1000]}
    image: sail-8.2/app
    extra_hosts: ['host.docker.internal:192.0.2.5']
    ports: ['\${APP_PORT:-80}:80', '\${VITE_PORT:-5173}:\${VITE_PORT:-5173}']
    environment: {WWWUSER: '1000', LARAVEL_SAIL: 1, XDEBUG_MODE: '\${SAIL_XDEBUG_MODE:-off}'}
    volumes: ['.:/var/www/html']
    networks: [sail]
    depends_on: [mysql, redis]
  mysql:
    image: 'mysql/mysql-server:8.0'
    environment: {MYSQL_ALLOW_EMPTY_PASSWORD: 1, MYSQL_DATABASE: '\${DB_DATABASE:-laravel}'}
    volumes: ['sail-mysql:/var/lib/mysql']
    networks: [sail]
    healthcheck: {test: [CMD, mysqladmin, ping, '-p\${DB_PASSWORD:-x}'], retries: 3, timeout: 5s}
  redis: {image: 'redis:alpine', volumes: ['sail-redis:/data'], networks: [sail]}
networks: {sail: {driver: bridge}}
volumes: {sail-mysql: {driver: local}, sail-redis: {driver: local}}
`,
  airflow: `version: '3.4'
x-airflow: &airflow
  image: \${AIRFLOW_IMAGE:-apache/airflow:2.7.1}
  environment: &airflow-env {AIRFLOW__CORE__EXECUTOR: CeleryExecutor, AIRFLOW__CORE__FERNET_KEY: '', AIRFLOW__CORE__LOAD_EXAMPLES: 'true'}
  volumes: ["./dags:/opt/airflow/dags", "./logs:/opt/airflow/logs"]
  user: "\${AIRFLOW_UID:-50000}:0"
services:
  postgres: {image: "postgres:13", environment: {POSTGRES_USER: airflow}, healthcheck: {test: ["CMD", "pg_isready", "-U", "airflow"], interval: 10s, retries: 5}, restart: always}
  webserver: {<<: *airflow, command: webserver, ports: ["8080:8080"], depends_on: [postgres], restart: always}
  scheduler: {<<: *airflow, command: scheduler, depends_on: [postgres], environment: {<<: *airflow-env, DUMB_INIT_SETSID: "0"}}
`,
  mastodon: `version: '3'
services:
  db: {restart: always, image: "postgres:14-alpine", shm_size: 256mb, networks: [internal_network], volumes: ["./postgres14:/var/lib/postgresql/data"]}
  redis: {restart: always, image: "redis:7-alpine", networks: [internal_network], volumes: ["./redis:/data"]}
  web:
    image: tootsuite/mastodon:v4
    restart: always
    env_file: [app.env]
    command: bash -c "rm -f /mastodon/tmp/pids/server.pid; bundle exec rails s -p 3000"
    networks: [external_network, internal_network]
    ports: ['127.0.0.1:3000:3000']
    depends_on: [db, redis]
    volumes: ["./public/system:/mastodon/public/system"]
networks: {external_network: , internal_network: {internal: true}}
`,
  vault: `services:
  vault:
    image: hashicorp/vault
    cap_add: [IPC_LOCK]
    ports: ["8200:8200"]
    environment: {VAULT_DEV_ROOT_TOKEN_ID: root, VAULT_LOCAL_CONFIG: '{"listener":[{"tcp":{"address":"0.0.0.0:8200","tls_disable":1}}]}'}
    entrypoint: ["vault", "server", "-config=/vault/config"]
    logging: {driver: json-file, options: {max-size: 10m, max-file: "3"}}
`,
  consul: `version: "3.8"
services:
  server1: {image: "consul:1.15", networks: {consul: {aliases: [s1, server]}}, command: "agent -server -bootstrap-expect=1", volumes: ["./server1.json:/consul/config/server1.json:ro"]}
  client: {image: "consul:1.15", networks: [consul], ports: ["8500:8500", "8600:8600/udp"], command: "agent -retry-join=s1", depends_on: [server1]}
networks: {consul: {driver: bridge, driver_opts: {com.docker.network.bridge.name: consul0}}}
`,
  selenium: `version: "3"
services:
  chrome: {image: "selenium/node-chrome:4.0", shm_size: 2gb, depends_on: [hub], environment: [SE_EVENT_BUS_HOST=hub, SE_EVENT_BUS_PUBLISH_PORT=4442], volumes: ["/dev/shm:/dev/shm"]}
  hub: {image: "selenium/hub:4.0", container_name: selenium-hub, ports: ["4442:4442", "4443:4443", "4444:4444"]}
`,
  rabbit: `services:
  rabbitmq:
    image: rabbitmq:3-management-alpine
    hostname: rabbit
    ports: [5672:5672, 15672:15672]
    volumes: [rabbit:/var/lib/rabbitmq, type: bind, source: ./r.conf, target: /etc/rabbitmq/rabbitmq.conf]
volumes: {rabbit: {name: my-rabbit}}
`.replace(
    'volumes: [rabbit:/var/lib/rabbitmq, type: bind, source: ./r.conf, target: /etc/rabbitmq/rabbitmq.conf]',
    'volumes: ["rabbit:/var/lib/rabbitmq", {type: bind, source: ./r.conf, target: /etc/rabbitmq/rabbitmq.conf, read_only: true}]',
  ),
  notes: `version: "3.8"
services:
  db: {image: "postgres:12", container_name: notes-db-dev, volumes: ["notes-db-dev-data:/var/lib/postgresql/data"], environment: {POSTGRES_DB: notesdb, POSTGRES_PASSWORD: secret}}
  api: {build: {context: ./api, dockerfile: Dockerfile.dev}, image: "notes-api:dev", environment: {DB_HOST: db}, volumes: [/home/node/app/node_modules, "./api:/home/node/app"], ports: ["3000:3000"]}
volumes: {notes-db-dev-data: {name: notes-db-dev-data}}
`,
};
