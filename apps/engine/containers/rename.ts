import { BerthError } from '@berth/kit';
import { type Context, eventAttributes } from './context.ts';
import { checkName, nameConflict } from './parse/names.ts';
import type { ContainerService } from './service.ts';

/** Errors: not-found, conflict (name taken), invalid (name; renaming to the same name). */
export const rename =
  (context: Context): ContainerService['rename'] =>
  async (name, newName) => {
    const { id } = context.store.resolve(name);
    if (newName === '') throw new BerthError('invalid', 'Neither old nor new names may be empty');
    const wanted = checkName(newName);
    await context.lock.run(id, () => {
      const record = context.store.get(id);
      if (!record) throw new BerthError('not-found', `No such container: ${name}`);
      if (record.name === wanted)
        throw new BerthError('invalid', 'Renaming a container with the same name as its current name');
      const owner = context.store.byName(wanted);
      if (owner) throw nameConflict(wanted, owner.id);
      context.networks.rename(id, wanted);
      const renamed = context.store.save({ ...record, name: wanted });
      context.publish('container', 'rename', id, eventAttributes(renamed, { oldName: `/${record.name}` }));
    });
  };
