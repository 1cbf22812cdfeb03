/** Zoos to which something happened, for tables of sentences. */
import { SmallWorld } from './builders.ts';

export const search = (over: object = {}) => ({
  spec: { search: { evaluations: 3, parallelism: 2, ...over }, size: 2 },
});
export const anImport = (name: string) => ({
  name,
  encoding: '01-_16_11-11',
  weights: { claim: { claimName: 'weights', path: `${name}.pth` } },
  nativeSize: 224,
});
export const importing = (...names: readonly string[]) =>
  new SmallWorld({ spec: { ...search().spec, imports: names.map(anImport) } });
export const onlyImporting = (...names: readonly string[]) =>
  new SmallWorld({ spec: { search: undefined, imports: names.map(anImport) } as object });

/** A world in which these happened, each followed by a pass. */
export function having(world: SmallWorld, ...events: readonly ((world: SmallWorld) => void)[]): SmallWorld {
  world.pass();
  for (const happens of events) {
    happens(world);
    world.pass();
  }
  return world;
}
export const answers =
  (...names: readonly string[]) =>
  (world: SmallWorld): void => {
    for (const name of names) world.answer(name);
  };
export const fails =
  (name: string, reason: Parameters<SmallWorld['fail']>[1]) =>
  (world: SmallWorld): void =>
    world.fail(name, reason);
export const nothing = (): void => {};
export const suspends =
  (suspend: boolean) =>
  (world: SmallWorld): void => {
    world.zoo = { ...world.zoo, spec: { ...world.zoo.spec, suspend } };
  };
