/** The handbook's Dockerfiles as it prints them; what is other here is said beside each. */

export const PACKAGED = `FROM ubuntu:latest

EXPOSE 80

RUN apt-get update && \\
    apt-get install nginx -y && \\
    apt-get clean && rm -rf /var/lib/apt/lists/*

CMD ["nginx", "-g", "daemon off;"]
`;

const INSTALL = `RUN apt-get update && \\
    apt-get install build-essential\\ 
                    libpcre3 \\
                    libpcre3-dev \\
                    zlib1g \\
                    zlib1g-dev \\
                    libssl-dev \\
                    -y && \\
    apt-get clean && rm -rf /var/lib/apt/lists/*
`;

const CONFIGURE = `./configure \\
        --sbin-path=/usr/bin/nginx \\
        --conf-path=/etc/nginx/nginx.conf \\
        --error-log-path=/var/log/nginx/error.log \\
        --http-log-path=/var/log/nginx/access.log \\
        --with-pcre \\
        --pid-path=/var/run/nginx.pid \\
        --with-http_ssl_module && \\
    make && make install`;

/** The version is that of Debian's source package; the handbook has 1.19.2. */
export const NGINX = 'nginx-1.22.1';

export const FROM_SOURCE = `FROM ubuntu:latest

${INSTALL}
COPY ${NGINX}.tar.gz .

RUN tar -xvf ${NGINX}.tar.gz && rm ${NGINX}.tar.gz

RUN cd ${NGINX} && \\
    ${CONFIGURE}

RUN rm -rf /${NGINX}

CMD ["nginx", "-g", "daemon off;"]
`;

/** \`site\` takes the place of https://nginx.org/download; the version comes by --build-arg. */
export const fromAddress = (site: string) => `FROM ubuntu:latest

${INSTALL}
ARG FILENAME="nginx-1.19.2"
ARG EXTENSION="tar.gz"

ADD ${site}/\${FILENAME}.\${EXTENSION} .

RUN tar -xvf \${FILENAME}.\${EXTENSION} && rm \${FILENAME}.\${EXTENSION}

RUN cd \${FILENAME} && \\
    ${CONFIGURE}

RUN rm -rf /\${FILENAME}}

CMD ["nginx", "-g", "daemon off;"]
`;

export const optimized = (site: string) => `FROM ubuntu:latest

EXPOSE 80

ARG FILENAME="nginx-1.19.2"
ARG EXTENSION="tar.gz"

ADD ${site}/\${FILENAME}.\${EXTENSION} .

RUN apt-get update && \\
    apt-get install build-essential \\ 
                    libpcre3 \\
                    libpcre3-dev \\
                    zlib1g \\
                    zlib1g-dev \\
                    libssl-dev \\
                    -y && \\
    tar -xvf \${FILENAME}.\${EXTENSION} && rm \${FILENAME}.\${EXTENSION} && \\
    cd \${FILENAME} && \\
    ${CONFIGURE} && \\
    cd / && rm -rfv /\${FILENAME} && \\
    apt-get remove build-essential \\ 
                    libpcre3-dev \\
                    zlib1g-dev \\
                    libssl-dev \\
                    -y && \\
    apt-get autoremove -y && \\
    apt-get clean && rm -rf /var/lib/apt/lists/*

CMD ["nginx", "-g", "daemon off;"]
`;

export const alpine = (site: string) => `FROM alpine:latest

EXPOSE 80

ARG FILENAME="nginx-1.19.2"
ARG EXTENSION="tar.gz"

ADD ${site}/\${FILENAME}.\${EXTENSION} .

RUN apk add --no-cache pcre zlib && \\
    apk add --no-cache \\
            --virtual .build-deps \\
            build-base \\ 
            pcre-dev \\
            zlib-dev \\
            openssl-dev && \\
    tar -xvf \${FILENAME}.\${EXTENSION} && rm \${FILENAME}.\${EXTENSION} && \\
    cd \${FILENAME} && \\
    ${CONFIGURE} && \\
    cd / && rm -rfv /\${FILENAME} && \\
    apk del .build-deps

CMD ["nginx", "-g", "daemon off;"]
`;

/** \`repository\` takes the place of the one on GitHub. */
export const rmbyext = (repository: string) => `FROM python:3-alpine

WORKDIR /zone

RUN apk add --no-cache git && \\
    pip install git+${repository}#egg=rmbyext && \\
    apk del git

ENTRYPOINT [ "rmbyext" ]
`;

export const HELLO_DOCK_DEV = `FROM node:lts-alpine

EXPOSE 3000

USER node

RUN mkdir -p /home/node/app

WORKDIR /home/node/app

COPY ./package.json .
RUN npm install

COPY . .

CMD [ "npm", "run", "dev" ]
`;

export const HELLO_DOCK_PROD = `FROM node:lts-alpine as builder

WORKDIR /app

COPY ./package.json ./
RUN npm install

COPY . .
RUN npm run build

FROM nginx:stable-alpine

EXPOSE 80

COPY --from=builder /app/dist /usr/share/nginx/html
`;

/** An application as the handbook's, by the present vite. */
export const HELLO_DOCK: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({
    name: 'hello-dock',
    version: '0.0.0',
    private: true,
    type: 'module',
    scripts: { dev: 'vite --host 0.0.0.0 --port 3000', build: 'vite build' },
    devDependencies: { vite: '^5.4.0' },
  }),
  'index.html':
    '<!doctype html><title>hello-dock</title><h1>Hello Dock</h1><script type="module" src="/main.js"></script>\n',
  'main.js': "document.body.append('docker-handbook');\n",
  '.dockerignore': '.git\n*Dockerfile*\n*docker-compose*\nnode_modules\n',
  'node_modules/left-behind': 'of the host\n',
};

export const NOTES_API_DOCKERFILE = `# stage one
FROM node:lts-alpine as builder

# install dependencies for node-gyp
RUN apk add --no-cache python make g++

WORKDIR /app

COPY ./package.json .
RUN npm install --only=prod

# stage two
FROM node:lts-alpine

EXPOSE 3000
ENV NODE_ENV=production

USER node
RUN mkdir -p /home/node/app
WORKDIR /home/node/app

COPY . .
COPY --from=builder /app/node_modules  /home/node/app/node_modules

CMD [ "node", "bin/www" ]
`;

export const NOTES_API: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({
    name: 'notes-api',
    version: '1.0.0',
    dependencies: { ms: '2.1.3' },
    devDependencies: { nodemon: '^3.0.0' },
  }),
  'bin/www':
    "const ms = require('ms');\nrequire('node:http').createServer((q, r) => r.end(JSON.stringify({ env: process.env.NODE_ENV, day: ms('1d') }))).listen(3000, () => console.log('app running'));\n",
  '.dockerignore': 'node_modules\nDockerfile\n',
};

export const RMBYEXT: Readonly<Record<string, string>> = {
  'setup.py':
    "from setuptools import setup\nsetup(name='rmbyext', version='1.0', py_modules=['rmbyext'], entry_points={'console_scripts': ['rmbyext=rmbyext:main']})\n",
  'rmbyext.py': `import os, sys
def main():
    for extension in sys.argv[1:]:
        print(f'Removing: {extension.upper()}')
        for folder, _, names in os.walk('.'):
            for name in sorted(names):
                if name.endswith('.' + extension):
                    os.remove(os.path.join(folder, name))
                    print(name)
`,
};

/** Of other tutorials: a first image, a first web server, an image and its layers. */
export const HELLO_WORLD_TXT = `# THIS IS A COMMENT
# Use Ubuntu 22.04 as the base operating system of the container
FROM ubuntu:22.04

# Set the working directory to the root of the container
WORKDIR / 

# Create helloworld.txt
RUN touch helloworld.txt
`;

export const WEBSERVER = `# THIS IS A COMMENT
FROM ubuntu:22.04

# Update the APT repository to ensure we get the latest version of apache2
RUN apt-get update -y 

# Install apache2
RUN apt-get install apache2 -y

# Tell the container to expose port 80 to allow us to connect to the web server
EXPOSE 80 

# Tell the container to run the apache2 service
CMD ["apache2ctl", "-D","FOREGROUND"]
`;

/** The text has \`python\`, which is no package of Debian's any more. */
export const HELLO_WORLD = `FROM ubuntu
RUN apt-get update && apt-get install -y python-is-python3
COPY . /app
CMD python /app/hello_world.py
`;
