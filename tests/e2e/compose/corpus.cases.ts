import { FORMS } from './corpus/forms.cases.ts';
import { PROGRAMS } from './corpus/programs.cases.ts';

/** Whole files as people write them, by a name. */
export const STACKS: Readonly<Record<string, string>> = { ...PROGRAMS, ...FORMS };

/** Files beside each of them. */
export const BESIDE: Readonly<Record<string, string>> = {
  '.env': 'PGPASS=from-dotenv\nGRAFANA_PASSWORD="quoted # value"\nUSER_NAME=me\n',
  'app.env': "# settings\nDEBUG=1\nSECRET_KEY='a$b'\nEMPTY=\nURL=http://example.com/?a=b#c\n",
  'secret.txt': 'secret\n',
};

/** What a second file says over the first service of each. */
export const OVERRIDE = (service: string) => `version: "3.4"
services:
  ${service}:
    environment: {EXTRA: "1", DEBUG: "override"}
    labels: {com.example.override: "yes"}
    ports: ["127.0.0.1:18080:80"]
    command: ["override", "command"]
    volumes: ["/override:/override:ro"]
`;
