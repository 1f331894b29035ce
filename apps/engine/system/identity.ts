import { randomUUID } from 'node:crypto';
import { type Database, durably, migrate } from '../state/database.ts';

const STEPS = ['CREATE TABLE system (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT'];

/** The engine's id: chosen once per data root. */
export function engineId(db: Database): string {
  migrate(db, 'system', STEPS);
  const found = db.prepare("SELECT value FROM system WHERE name = 'id'").get();
  if (found !== undefined) return String(found['value']);
  const id = randomUUID();
  durably(db, () => db.prepare("INSERT INTO system VALUES ('id', ?)").run(id));
  return id;
}
