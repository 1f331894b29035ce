import { BerthError } from '@berth/kit';
import { type Digest, familiarName, type Reference } from '@berth/oci';
import { type Database, migrate } from '../state/database.ts';
import type { ImageConfig } from './model.ts';

const MIGRATIONS = [
  `CREATE TABLE layers (
     diff_id TEXT PRIMARY KEY,
     directory TEXT NOT NULL UNIQUE,
     size INTEGER NOT NULL,
     opaque_root INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE images (
     id TEXT PRIMARY KEY,
     manifest TEXT NOT NULL,
     manifest_type TEXT NOT NULL,
     config TEXT NOT NULL,
     created INTEGER NOT NULL,
     tagged INTEGER NOT NULL,
     removed INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE TABLE image_layers (
     image TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
     position INTEGER NOT NULL,
     diff_id TEXT NOT NULL REFERENCES layers,
     PRIMARY KEY (image, position)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX image_layers_by_layer ON image_layers (diff_id);
   CREATE TABLE image_blobs (
     image TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
     digest TEXT NOT NULL,
     PRIMARY KEY (image, digest)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX image_blobs_by_digest ON image_blobs (digest);
   CREATE TABLE image_references (
     domain TEXT NOT NULL,
     path TEXT NOT NULL,
     tag TEXT NOT NULL,
     digest TEXT NOT NULL,
     image TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
     PRIMARY KEY (domain, path, tag, digest)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX image_references_by_image ON image_references (image);`,
  `ALTER TABLE images ADD COLUMN parent TEXT NOT NULL DEFAULT '';`,
  `ALTER TABLE images ADD COLUMN index_digest TEXT NOT NULL DEFAULT '';
   CREATE TABLE image_members (
     image TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
     member TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
     PRIMARY KEY (image, member)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX image_members_by_member ON image_members (member);`,
  `ALTER TABLE layers ADD COLUMN unflushed TEXT NOT NULL DEFAULT '';`,
];

/** What `images.removed` holds. */
const SEEN = 0;
const REMOVED = 1;
const MEMBER = 2;

/** A layer that is unpacked; `directory` is its short name below `l/`. */
export interface LayerRow {
  diffId: Digest;
  directory: string;
  /** Sum of file sizes in bytes. */
  size: number;
  /** Hides all layers below it. */
  opaqueRoot: boolean;
}

export interface ImageRow {
  id: Digest;
  manifest: Digest;
  manifestType: string;
  config: ImageConfig;
  /** Milliseconds since the epoch. */
  created: number;
  /** The image that a container was of when this one was made of it; '' for all others. */
  parent: Digest | '';
  /** Milliseconds since the epoch of the last local tag, 0 for never. */
  tagged: number;
  /**
   * Removed by a user while a container still stood on it: nobody sees it any more, its content stays until the container
   * goes. A commit of the container needs all of it.
   */
  removed: boolean;
  /** Only another image leads to it, of whose platforms it is one. */
  memberOnly: boolean;
  /** The index that it was chosen from, which is one of its blobs; '' for none. */
  index: Digest | '';
}

/** An image that is whole and not on disk yet: known by its full id alone, until it gets rows. */
export interface DraftRow {
  row: ImageRow;
  layers: LayerRow[];
  blobs: Digest[];
}

type Row = Record<string, unknown>;

/** The rows of images. Plain reads and writes; transactions are the callers'. References have a tag or a digest. */
export class ImageStore {
  readonly db: Database;
  readonly drafts = new Map<Digest, DraftRow>();
  readonly #imageById;
  readonly #imagesByPrefix;
  readonly #imageByReference;
  readonly #referencesOf;
  readonly #layersOf;
  readonly #membersOf;

  constructor(db: Database) {
    migrate(db, 'images', MIGRATIONS);
    this.db = db;
    this.#imageById = db.prepare('SELECT * FROM images WHERE id = ?');
    this.#imagesByPrefix = db.prepare("SELECT * FROM images WHERE id >= ? AND id < ? || 'g' AND removed = 0 LIMIT 2");
    this.#imageByReference = db.prepare(
      'SELECT images.* FROM image_references r JOIN images ON images.id = r.image WHERE domain = ? AND path = ? AND tag = ? AND digest = ?',
    );
    this.#referencesOf = db.prepare(
      // Tags before digests, as Docker sorts them.
      'SELECT * FROM image_references WHERE image = ? ORDER BY domain, path, digest, tag',
    );
    this.#membersOf = db.prepare(
      'SELECT images.* FROM image_members m JOIN images ON images.id = m.member WHERE image = ? ORDER BY images.id',
    );
    this.#layersOf = db.prepare(
      'SELECT layers.* FROM image_layers i JOIN layers USING (diff_id) WHERE image = ? ORDER BY position',
    );
  }

  image(id: Digest): ImageRow | undefined {
    const row = this.#imageById.get(id);
    return this.drafts.get(id)?.row ?? (row && toImage(row));
  }

  /** At most two: enough to know that a prefix is ambiguous. `prefix` begins with `sha256:`. */
  imagesByPrefix(prefix: string): ImageRow[] {
    return this.#imagesByPrefix.all(prefix, prefix).map(toImage);
  }

  imageByReference(reference: Reference): ImageRow | undefined {
    const row = this.#imageByReference.get(...keyOf(reference));
    return row && toImage(row);
  }

  /** All that can be seen. */
  images(): ImageRow[] {
    return this.db.prepare('SELECT * FROM images WHERE removed = 0 ORDER BY created DESC, id').all().map(toImage);
  }

  removedImages(): Digest[] {
    return this.db
      .prepare('SELECT id FROM images WHERE removed = 1')
      .all()
      .map((row) => String(row.id) as Digest);
  }

  /** Whether an image that can be seen was made of this one here. */
  hasChildren(id: Digest): boolean {
    return this.db.prepare('SELECT 1 FROM images WHERE parent = ? AND removed = 0 LIMIT 1').get(id) !== undefined;
  }

  references(id: Digest): Reference[] {
    return this.#referencesOf.all(id).map(toReference);
  }

  /** Of all images; those without any have no entry. */
  allReferences(): Map<Digest, Reference[]> {
    const all = this.db.prepare('SELECT * FROM image_references ORDER BY domain, path, digest, tag').all();
    const byImage = new Map<Digest, Reference[]>();
    for (const row of all) {
      const image = String(row.image) as Digest;
      const known = byImage.get(image);
      if (known) known.push(toReference(row));
      else byImage.set(image, [toReference(row)]);
    }
    return byImage;
  }

  referencesByName({ domain, path }: Reference): { reference: Reference; image: Digest }[] {
    return this.db
      .prepare('SELECT * FROM image_references WHERE domain = ? AND path = ? ORDER BY tag, digest')
      .all(domain, path)
      .map((row) => ({ reference: toReference(row), image: String(row.image) as Digest }));
  }

  /** Lowest first, as in the configuration. */
  layers(id: Digest): LayerRow[] {
    return this.drafts.get(id)?.layers ?? this.#layersOf.all(id).map(toLayer);
  }

  layer(diffId: Digest): LayerRow | undefined {
    const row = this.db.prepare('SELECT * FROM layers WHERE diff_id = ?').get(diffId);
    return row && toLayer(row);
  }

  allLayers(): LayerRow[] {
    return this.db.prepare('SELECT * FROM layers').all().map(toLayer);
  }

  /** Visible images that have the layer. */
  layerUses(): Map<Digest, number> {
    const rows = this.db
      .prepare(
        'SELECT diff_id, count(DISTINCT image) AS uses FROM image_layers JOIN images ON images.id = image WHERE removed = 0 GROUP BY diff_id',
      )
      .all();
    return new Map(rows.map((row) => [String(row.diff_id) as Digest, Number(row.uses)]));
  }

  isLayerUsed(diffId: Digest): boolean {
    return this.db.prepare('SELECT 1 FROM image_layers WHERE diff_id = ? LIMIT 1').get(diffId) !== undefined;
  }

  isBlobUsed(digest: Digest): boolean {
    return this.db.prepare('SELECT 1 FROM image_blobs WHERE digest = ? LIMIT 1').get(digest) !== undefined;
  }

  blobs(id: Digest): Digest[] {
    return this.db
      .prepare('SELECT digest FROM image_blobs WHERE image = ?')
      .all(id)
      .map((row) => String(row.digest) as Digest);
  }

  layersSize(): number {
    return Number(this.db.prepare('SELECT coalesce(sum(size), 0) AS size FROM layers').get()?.size);
  }

  /** `unflushed`: the boot of the machine in which its files were written, as long as they are not on disk for sure; else ''. */
  putLayer({ diffId, directory, size, opaqueRoot }: LayerRow, unflushed = ''): void {
    this.db
      .prepare(
        `INSERT INTO layers (diff_id, directory, size, opaque_root, unflushed) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (diff_id) DO UPDATE SET directory = excluded.directory, size = excluded.size,
         opaque_root = excluded.opaque_root, unflushed = excluded.unflushed`,
      )
      .run(diffId, directory, size, opaqueRoot ? 1 : 0, unflushed);
  }

  /** Layers that were not flushed yet, by the boot in which they were written. */
  unflushedLayers(): { diffId: Digest; boot: string }[] {
    return this.db
      .prepare("SELECT diff_id, unflushed FROM layers WHERE unflushed <> ''")
      .all()
      .map((row) => ({ diffId: String(row.diff_id) as Digest, boot: String(row.unflushed) }));
  }

  setFlushed(diffIds: readonly Digest[]): void {
    const set = this.db.prepare("UPDATE layers SET unflushed = '' WHERE diff_id = ?");
    for (const diffId of diffIds) set.run(diffId);
  }

  /** An image that has the layer, whether or not it can be seen. */
  imageWithLayer(diffId: Digest): ImageRow | undefined {
    const row = this.db
      .prepare('SELECT images.* FROM image_layers i JOIN images ON images.id = i.image WHERE diff_id = ? LIMIT 1')
      .get(diffId);
    return row && toImage(row);
  }

  removeLayer(diffId: Digest): void {
    this.db.prepare('DELETE FROM layers WHERE diff_id = ?').run(diffId);
  }

  /**
   * Writes an image with its layers (which must have rows) and blobs, in the place of what was there of it. One that can
   * be seen stays so.
   */
  putImage(image: ImageRow, blobs: readonly Digest[]): void {
    const { id, manifest, manifestType, config, created, tagged, parent, index, memberOnly } = image;
    this.db
      .prepare(
        `INSERT INTO images (id, manifest, manifest_type, config, created, tagged, removed, parent, index_digest)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
         SET manifest = excluded.manifest, manifest_type = excluded.manifest_type, index_digest = excluded.index_digest,
             removed = CASE removed WHEN ${SEEN} THEN ${SEEN} ELSE excluded.removed END`,
      )
      .run(
        ...[id, manifest, manifestType, JSON.stringify(config), created, tagged],
        ...[memberOnly ? MEMBER : SEEN, parent, index],
      );
    this.db.prepare('DELETE FROM image_layers WHERE image = ?').run(id);
    const addLayer = this.db.prepare('INSERT INTO image_layers VALUES (?, ?, ?)');
    for (const [position, diffId] of config.rootfs.diff_ids.entries()) addLayer.run(id, position, diffId);
    this.db.prepare('DELETE FROM image_blobs WHERE image = ?').run(id);
    const addBlob = this.db.prepare('INSERT OR IGNORE INTO image_blobs VALUES (?, ?)');
    for (const digest of blobs) addBlob.run(id, digest);
  }

  removeImage(id: Digest): void {
    this.db.prepare('DELETE FROM images WHERE id = ?').run(id);
  }

  /** Takes an image out of sight and keeps its content, for a container or for the images that it is a member of. */
  hideImage(id: Digest, reason: 'removed' | 'member' = 'removed'): void {
    this.db.prepare('DELETE FROM image_references WHERE image = ?').run(id);
    this.db.prepare('UPDATE images SET removed = ? WHERE id = ?').run(reason === 'removed' ? REMOVED : MEMBER, id);
  }

  /** Brings a member in sight. */
  showImage(id: Digest): void {
    this.db.prepare(`UPDATE images SET removed = ${SEEN} WHERE id = ?`).run(id);
  }

  /** The other platforms of an image that are here. */
  members(id: Digest): ImageRow[] {
    return this.#membersOf.all(id).map(toImage);
  }

  /** Images that can be seen and have this one as a member. */
  ownersOf(member: Digest): Digest[] {
    const rows = this.db.prepare('SELECT image FROM image_members WHERE member = ?').all(member);
    return rows.map((row) => String(row.image) as Digest);
  }

  setMembers(id: Digest, members: readonly Digest[]): void {
    this.db.prepare('DELETE FROM image_members WHERE image = ?').run(id);
    const add = this.db.prepare('INSERT OR IGNORE INTO image_members VALUES (?, ?)');
    for (const member of members) add.run(id, member);
  }

  /** Members whose image never came: a crash was faster. */
  lostMembers(): Digest[] {
    const rows = this.db
      .prepare(`SELECT id FROM images WHERE removed = ${MEMBER} AND id NOT IN (SELECT member FROM image_members)`)
      .all();
    return rows.map((row) => String(row.id) as Digest);
  }

  setIndex(id: Digest, index: Digest | '', blobs: readonly Digest[]): void {
    this.db.prepare('UPDATE images SET index_digest = ? WHERE id = ?').run(index, id);
    const add = this.db.prepare('INSERT OR IGNORE INTO image_blobs VALUES (?, ?)');
    for (const digest of blobs) add.run(id, digest);
  }

  /** Points a reference at an image, wherever it pointed before. Errors: invalid for a name that reads as a digest. */
  putReference(reference: Reference, image: Digest): void {
    if (familiarName(reference) === 'sha256') {
      throw new BerthError('invalid', 'refusing to create an ambiguous tag using digest algorithm as name');
    }
    this.db.prepare('INSERT OR REPLACE INTO image_references VALUES (?, ?, ?, ?, ?)').run(...keyOf(reference), image);
  }

  removeReference(reference: Reference): void {
    this.db
      .prepare('DELETE FROM image_references WHERE domain = ? AND path = ? AND tag = ? AND digest = ?')
      .run(...keyOf(reference));
  }

  setTagged(id: Digest, at: number): void {
    this.db.prepare('UPDATE images SET tagged = ? WHERE id = ?').run(at, id);
  }
}

/** A reference with both is known by its digest, as in Docker: the tag may have moved since. */
function keyOf({ domain, path, tag, digest }: Reference): [string, string, string, string] {
  return [domain, path, digest === undefined ? (tag ?? '') : '', digest ?? ''];
}

function toReference(row: Row): Reference {
  const reference: Reference = { domain: String(row.domain), path: String(row.path) };
  if (row.tag !== '') reference.tag = String(row.tag);
  if (row.digest !== '') reference.digest = String(row.digest) as Digest;
  return reference;
}

function toLayer(row: Row): LayerRow {
  return {
    diffId: String(row.diff_id) as Digest,
    directory: String(row.directory),
    size: Number(row.size),
    opaqueRoot: row.opaque_root === 1,
  };
}

/** The configuration is read when it is looked at: a cached build goes through one image for each of its steps. */
function toImage(row: Row): ImageRow {
  let config: ImageConfig | undefined;
  return {
    id: String(row.id) as Digest,
    manifest: String(row.manifest) as Digest,
    manifestType: String(row.manifest_type),
    get config() {
      config ??= JSON.parse(String(row.config)) as ImageConfig;
      return config;
    },
    created: Number(row.created),
    tagged: Number(row.tagged),
    removed: row.removed === REMOVED,
    memberOnly: row.removed === MEMBER,
    index: String(row.index_digest) as Digest | '',
    parent: String(row.parent) as Digest | '',
  };
}
