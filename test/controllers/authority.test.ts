import { expect, test } from '@jest/globals';
import { Authority } from '../../src/controllers/authority.ts';
import { authorityConfigMap, authorityKey } from '../../src/controllers/pods.ts';
import type { ConfigMap } from '../../src/crds/kubernetes.ts';
import { configMaps } from '../../src/kube/resources.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { SimulatedWorld } from '../support/simulated-world.ts';

const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

function scene(pem: string | undefined = certificate) {
  const clock = new ManualClock(1000);
  const world = new SimulatedWorld(clock);
  const kept = () => world.get<ConfigMap>(configMaps, 'vision', authorityConfigMap)?.data?.[authorityKey];
  return { clock, world, kept, authority: new Authority(world, clock, () => pem) };
}

test('is made where pods will look for it, once', async () => {
  const { world, kept, authority } = scene();
  await authority.ensure('vision');
  await authority.ensure('vision');
  expect(kept()).toBe(certificate);
  expect(world.writes).toHaveLength(1);
});

test('is replaced where it is of another operator', async () => {
  const { world, kept, authority } = scene();
  const metadata = { name: authorityConfigMap, namespace: 'vision' };
  world.put<ConfigMap>(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [authorityKey]: 'old' } });
  await authority.ensure('vision');
  expect(kept()).toBe(certificate);
});

test('comes back some time after somebody deleted it', async () => {
  const { clock, world, kept, authority } = scene();
  await authority.ensure('vision');
  world.remove(configMaps, 'vision', authorityConfigMap);
  clock.advance(3600);
  await authority.ensure('vision');
  expect(kept()).toBe(certificate);
});

test('is not made where the address is trusted anyway', async () => {
  const { clock, world } = scene();
  await new Authority(world, clock, () => undefined).ensure('vision');
  expect(world.writes).toEqual([]);
});
