import { type Database, migrate } from '../../state/database.ts';
import type { CheckResult, Health, HealthStatus } from './model.ts';

const STEPS = [
  `CREATE TABLE container_health (
     id TEXT PRIMARY KEY,
     status TEXT NOT NULL,
     failing_streak INTEGER NOT NULL,
     log TEXT NOT NULL
   ) STRICT`,
];

/**
 * The health of all containers that were ever checked. Rows of their own beside the containers': a result comes every few
 * seconds and says nothing new about the rest of a container. Written through, not flushed: the next check finds it again.
 */
export class HealthBook {
  /** Checks that were made since this engine started. */
  readonly counts = { total: 0, failed: 0 };
  readonly #byId = new Map<string, Health>();
  readonly #write;
  readonly #delete;

  constructor(db: Database) {
    migrate(db, 'container_health', STEPS);
    for (const row of db.prepare('SELECT * FROM container_health').all()) {
      this.#byId.set(String(row['id']), {
        status: row['status'] as HealthStatus,
        failingStreak: Number(row['failing_streak']),
        log: JSON.parse(String(row['log'])) as CheckResult[],
      });
    }
    this.#write = db.prepare('INSERT OR REPLACE INTO container_health VALUES (?, ?, ?, ?)');
    this.#delete = db.prepare('DELETE FROM container_health WHERE id = ?');
  }

  /** Undefined for a container that has no checks, or never ran. */
  of(id: string): Health | undefined {
    return this.#byId.get(id);
  }

  set(id: string, health: Health): Health {
    this.#write.run(id, health.status, health.failingStreak, JSON.stringify(health.log));
    this.#byId.set(id, health);
    return health;
  }

  forget(id: string): void {
    if (this.#byId.delete(id)) this.#delete.run(id);
  }

  /** Forgets what belongs to no container any more. */
  keepOnly(exists: (id: string) => boolean): void {
    for (const id of [...this.#byId.keys()]) if (!exists(id)) this.forget(id);
  }
}
