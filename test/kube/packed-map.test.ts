import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubeObject } from '../../src/crds/kubernetes.ts';
import { PackedMap } from '../../src/kube/packed-map.ts';

interface Thing extends KubeObject {
  readonly status?: unknown;
}

const aThing = (name: string, version: number, status: unknown = {}): Thing => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name, namespace: 'team', resourceVersion: String(version) },
  status,
});

/** Packs when it is told to. */
function aMap(atHand: number) {
  const deferred: (() => void)[] = [];
  const map = new PackedMap<Thing>({ atHand, defer: (run) => deferred.push(run) });
  const packSome = (): void => deferred.shift()?.();
  const packAll = (): void => {
    while (deferred.length > 0) packSome();
  };
  return { map, packSome, packAll };
}

const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const step = fc.oneof(
  fc.record({ act: fc.constant('set' as const), key: keys, version: fc.nat(99), status: fc.jsonValue() }),
  fc.record({ act: fc.constant('get' as const), key: keys }),
  fc.record({ act: fc.constant('delete' as const), key: keys }),
  fc.constant({ act: 'pack' as const }),
);

describe('a packed map', () => {
  test('is a map, whatever of it is packed at the moment', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.array(step, { maxLength: 40 }), (atHand, steps) => {
        const { map, packSome } = aMap(atHand);
        const model = new Map<string, Thing>();
        for (const one of steps) {
          if (one.act === 'pack') packSome();
          else if (one.act === 'get') expect(map.get(one.key)).toEqual(model.get(one.key));
          else if (one.act === 'delete') {
            map.delete(one.key);
            model.delete(one.key);
          } else {
            const thing = aThing(one.key, one.version, one.status);
            map.set(one.key, thing);
            model.set(one.key, thing);
          }
          expect(map.size).toBe(model.size);
          expect([...map.keys()].toSorted()).toEqual([...model.keys()].toSorted());
          for (const key of model.keys()) expect(map.versionOf(key)).toBe(model.get(key)?.metadata.resourceVersion);
        }
        for (const [key, thing] of model) expect(map.get(key)).toEqual(thing);
      }),
    );
  });

  test('packs those that were used longest ago, a few at a time', () => {
    const { map, packSome, packAll } = aMap(10);
    for (let i = 0; i < 35; i++) map.set(`${i}`, aThing(`${i}`, i));
    for (let i = 0; i < 10; i++) map.get(`${i}`);
    expect(map.atHand).toBe(35);
    packSome();
    expect(map.atHand).toBeLessThan(35);
    expect(map.atHand).toBeGreaterThan(10);
    packAll();
    expect(map.atHand).toBe(10);
    for (let i = 0; i < 10; i++) map.get(`${i}`);
    expect(map.atHand).toBe(10);
    expect(map.get('30')).toEqual(aThing('30', 30));
    expect(map.atHand).toBe(11);
    packAll();
    expect(map.atHand).toBe(10);
  });

  test('packs objects of any size, and with any letters', () => {
    const { map, packAll } = aMap(0);
    const things = [1, 100, 10_000, 300_000].map((count) =>
      aThing(`${count}`, 1, { note: '1 µs → 🦊 '.repeat(count) }),
    );
    for (const thing of things) map.set(thing.metadata.name, thing);
    packAll();
    expect(map.atHand).toBe(0);
    for (const thing of things) expect(map.get(thing.metadata.name)).toEqual(thing);
  });

  test('does not wait for its turn where objects come faster than that', () => {
    const { map, packAll } = aMap(10);
    for (let i = 0; i < 1000; i++) {
      map.set(`${i}`, aThing(`${i}`, i));
      expect(map.atHand).toBeLessThanOrEqual(40);
    }
    packAll();
    expect(map.atHand).toBe(10);
    for (let i = 0; i < 1000; i++) expect(map.get(`${i}`)).toEqual(aThing(`${i}`, i));
  });
});
