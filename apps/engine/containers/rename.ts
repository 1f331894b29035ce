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
    let wanted: string;
    try {
      wanted = checkName(newName);
    } catch (error) {
      throw aboutNewName(error);
    }
    await context.lock.run(id, async () => {
      const record = context.store.get(id);
      if (!record) throw new BerthError('not-found', `No such container: ${name}`);
      if (record.name === wanted)
        throw new BerthError('invalid', 'Renaming a container with the same name as its current name');
      const owner = context.store.byName(wanted);
      if (owner) throw aboutNewName(nameConflict(wanted, owner.id));
      const renamed = context.store.save({ ...record, name: wanted });
      const sandbox = await context.networks.rename(id, wanted);
      if (sandbox) context.store.save({ ...renamed, sandbox });
      context.publish('container', 'rename', id, eventAttributes(renamed, { oldName: `/${record.name}` }));
    });
  };

function aboutNewName(error: unknown): unknown {
  if (!(error instanceof BerthError)) return error;
  return new BerthError(error.code, `Error when allocating new name: ${error.message}`, { cause: error });
}
