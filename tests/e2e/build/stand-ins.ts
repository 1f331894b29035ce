/**
 * Dockerfiles of the images that the handbook begins with, made here of the starter image of Debian: the hub is not reached
 * in tests. They say in a label that they are not the hub's. Alpine's are Debians whose `apk` installs Debian's packages.
 */

const LABEL = 'LABEL org.berth.stand-in="made for tests"';

/** Alpine's names of packages → Debian's; the others are the same. */
const APK = `#!/bin/sh
# A stand-in: installs Debian's packages under Alpine's names.
set -e
verb=$1; shift
virtual=; names=
while [ $# -gt 0 ]; do
  case $1 in
    --no-cache) ;;
    --virtual) virtual=$2; shift ;;
    pcre) names="$names libpcre3" ;;
    zlib) names="$names zlib1g" ;;
    build-base) names="$names gcc libc6-dev make" ;;
    pcre-dev) names="$names libpcre3-dev" ;;
    zlib-dev) names="$names zlib1g-dev" ;;
    openssl-dev) names="$names libssl-dev" ;;
    python) names="$names python3-minimal" ;;
    *) names="$names $1" ;;
  esac
  shift
done
export DEBIAN_FRONTEND=noninteractive
case $verb in
  add)
    apt-get update -qq
    [ -z "$virtual" ] || echo "$names" > "/var/lib/apk-$virtual"
    apt-get install -y -qq --no-install-recommends $names
    rm -rf /var/lib/apt/lists/* ;;
  del)
    for name in $names; do
      [ ! -f "/var/lib/apk-$name" ] || { names=$(cat "/var/lib/apk-$name"); rm "/var/lib/apk-$name"; }
    done
    apt-get purge -y -qq --auto-remove $names ;;
esac
`;

/** Name → Dockerfile; each may begin with those before it. \`{{…}}\` are contexts of the test. */
export const STAND_INS: readonly (readonly [tag: string, dockerfile: string])[] = [
  // Like the hub's, it forgets what is only suggested by others when packages are removed, and has OpenSSL's library, which the
  // handbook's optimized nginx counts on.
  [
    'ubuntu:latest',
    `FROM debian:latest
${LABEL}
RUN echo 'Apt::AutoRemove::SuggestsImportant "false";' > /etc/apt/apt.conf.d/docker-autoremove-suggests
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libssl3 && rm -rf /var/lib/apt/lists/*
ENV DEBIAN_FRONTEND=noninteractive
CMD ["bash"]
`,
  ],
  ['ubuntu:22.04', 'FROM ubuntu:latest\n'],
  ['alpine:latest', `FROM ubuntu:latest\n${LABEL}\nCOPY --chmod=755 <<'APK' /sbin/apk\n${APK}APK\nCMD ["/bin/sh"]\n`],
  [
    'nginx:stable-alpine',
    `FROM alpine:latest
${LABEL}
RUN apk add --no-cache nginx-light && rm -rf /usr/share/doc && ln -sf /dev/stdout /var/log/nginx/access.log && \\
    mkdir -p /usr/share/nginx/html && sed -i 's#root /var/www/html#root /usr/share/nginx/html#' /etc/nginx/sites-available/default
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
`,
  ],
  [
    'node:lts-alpine',
    `FROM alpine:latest
${LABEL}
COPY --from=node node /usr/local/bin/node
COPY --from=npm . /usr/local/lib/node_modules/npm
COPY --from=certificates . /etc/ssl/certs
RUN apk add --no-cache libatomic1 libstdc++6
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && useradd --create-home --shell /bin/bash node
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_FUND=false NPM_CONFIG_AUDIT=false
CMD ["node"]
`,
  ],
  ['node:lts', 'FROM node:lts-alpine\n'],
  [
    'python:3-alpine',
    `FROM alpine:latest
${LABEL}
RUN apk add --no-cache python3-minimal python3-pip python3-setuptools python3-wheel && ln -s python3 /usr/bin/python && \\
    rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
CMD ["python3"]
`,
  ],
];
