/** The Compose files of the tutorials as they stand there, with the images' programs played by busybox. */
export const HELLO = {
  name: 'basicdocker',
  files: {
    Dockerfile: 'FROM hello_world\n',
    'docker-compose.yml': `version: '3'

services:
    hello-world:
        build: .
        environment:
            - environment=PRODUCTION

    redis:
        image: 'redis:alpine'
`,
  },
};

export const NOTES = {
  name: 'notes-api',
  files: {
    'docker-compose.yaml': `version: "3.8"

services: 
    db:
        image: postgres:12
        container_name: notes-db-dev
        volumes: 
            - notes-db-dev-data:/var/lib/postgresql/data
        environment:
            POSTGRES_DB: notesdb
            POSTGRES_PASSWORD: secret
    api:
        build:
            context: ./api
            dockerfile: Dockerfile.dev
        image: notes-api:dev
        container_name: notes-api-dev
        environment: 
            DB_HOST: db ## same as the database service name
            DB_DATABASE: notesdb
            DB_PASSWORD: secret
        volumes: 
            - /home/node/app/node_modules
            - ./api:/home/node/app
        ports: 
            - 3000:3000

volumes:
    notes-db-dev-data:
        name: notes-db-dev-data
`,
    'api/Dockerfile.dev':
      'FROM notes-api:base as builder\nRUN echo installed > /installed\nFROM notes-api:base\nENV NODE_ENV=development\nCOPY --from=builder /installed /installed\n',
    'api/app.txt': 'hello from the api\n',
  },
};

export const FULLSTACK = {
  name: 'fullstack-notes-application',
  files: {
    'docker-compose.yaml': `version: "3.8"

services: 
    db:
        image: postgres:12
        container_name: notes-db-dev
        volumes: 
            - db-data:/var/lib/postgresql/data
        environment:
            POSTGRES_DB: notesdb
            POSTGRES_PASSWORD: secret
        networks:
            - backend
    api:
        build: 
            context: ./api
            dockerfile: Dockerfile.dev
        image: notes-api:dev
        container_name: notes-api-dev
        volumes: 
            - /home/node/app/node_modules
            - ./api:/home/node/app
        environment: 
            DB_HOST: db ## same as the database service name
            DB_PORT: 5432
            DB_USER: postgres
            DB_DATABASE: notesdb
            DB_PASSWORD: secret
        networks:
            - backend
    client:
        build:
            context: ./client
            dockerfile: Dockerfile.dev
        image: notes-client:dev
        container_name: notes-client-dev
        volumes: 
            - /home/node/app/node_modules
            - ./client:/home/node/app
        networks:
            - frontend
    nginx:
        build:
            context: ./nginx
            dockerfile: Dockerfile.dev
        image: notes-router:dev
        container_name: notes-router-dev
        restart: unless-stopped
        ports: 
            - 8080:80
        networks:
            - backend
            - frontend

volumes:
    db-data:
        name: notes-db-dev-data

networks: 
    frontend:
        name: fullstack-notes-application-network-frontend
        driver: bridge
    backend:
        name: fullstack-notes-application-network-backend
        driver: bridge
`,
    'api/Dockerfile.dev':
      'FROM notes-api:base as builder\nRUN echo installed > /installed\nFROM notes-api:base\nENV NODE_ENV=development\nCOPY --from=builder /installed /installed\n',
    'client/Dockerfile.dev': 'FROM notes-client:base\n',
    'nginx/Dockerfile.dev': 'FROM notes-router:base\n',
    'api/app.txt': 'hello from the api\n',
    'client/index.html': 'hello from the client\n',
  },
};
