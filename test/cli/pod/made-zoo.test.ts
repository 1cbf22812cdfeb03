import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { memberSource } from '../../../src/controllers/fine-tune-task/zoo-members.ts';
import { placeOfZoo, readyMembers, trainerZoo } from '../../../src/controllers/fine-tune-task/zoo-place.ts';
import { buildJob, wantedJobs } from '../../../src/controllers/model-zoo/jobs.ts';
import type { JobPlan } from '../../../src/controllers/model-zoo/view.ts';
import { parseTrainerJob } from '../../../src/crds/trainer-codec.ts';
import { jobVariable, type TrainerJob, type TrainerPlace } from '../../../src/crds/trainer-job.ts';
import { networkOf } from '../../../src/nas/families/table.ts';
import { encodeSafetensors } from '../../../src/nas/safetensors.ts';
import { loadZoo } from '../../../src/nas/zoo.ts';
import { settings } from '../../controllers/job-builders.ts';
import { SmallWorld, shortName } from '../../controllers/model-zoo/builders.ts';
import { aWorld, randomWeights, type World } from '../../support/zoo.ts';
import { aProfileJob, asKind, aTrainingJob, runPod, tinyEncoding } from './pods.ts';

const patience = 300_000;
let world: World;
beforeAll(async () => {
  world = await aWorld();
  writeFileSync(join(world.folder, 'token'), 'token');
  mkdirSync(join(world.folder, 'weights'));
  const weights = encodeSafetensors(randomWeights(networkOf(tinyEncoding, { classes: 4 }), 3));
  writeFileSync(join(world.folder, 'weights', 'given.safetensors'), weights);
}, patience);
afterAll(() => world.remove());

/** Where the claims of the spec are mounted, and where they are here. */
const mounts = (): readonly (readonly [string, string])[] => [
  ['/data', world.images],
  ['/output', join(world.folder, 'claim')],
  ['/zoo-claim', join(world.folder, 'claim')],
  ['/weights', join(world.folder, 'weights')],
];

/** What is said to a pod, with the paths of this machine in place of its mounts. */
const here = <T extends TrainerJob | TrainerPlace>(said: T): T =>
  JSON.parse(JSON.stringify(said), (key, value: unknown) => {
    const mount =
      key === 'path' && typeof value === 'string' ? mounts().find(([at]) => value.startsWith(at)) : undefined;
    return mount === undefined ? value : join(mount[1], String(value).slice(mount[0].length));
  });

function toldTo(zooWorld: SmallWorld, plan: JobPlan): TrainerJob {
  const [container] = buildJob(zooWorld.zoo, plan, settings).spec.template.spec.containers;
  const job = parseTrainerJob(container?.env?.find(({ name }) => name === jobVariable)?.value);
  return here({ ...job, report: aProfileJob(world).report });
}

/** Every Job's pod really runs. */
async function toTheEnd(zooWorld: SmallWorld): Promise<void> {
  for (let passes = 0; zooWorld.zoo.status?.completionTime === undefined && passes < 20; passes++) {
    zooWorld.pass();
    for (const plan of zooWorld.names().length > 0 ? wantedJobs(zooWorld.zoo, zooWorld.state()) : []) {
      const { message } = await runPod(world, toldTo(zooWorld, plan));
      if (message.kind === 'failure' || message.kind === 'interrupted') throw new Error(JSON.stringify(message));
      const seconds = message.kind === 'profile' ? 0 : message.activeSeconds;
      zooWorld.change(shortName(plan.name), { state: { kind: 'answered', answer: message }, seconds });
    }
  }
}

test(
  'what a ModelZoo asks of its pods makes a zoo that a task is profiled, planned and trained from',
  async () => {
    const zooWorld = new SmallWorld({
      spec: {
        proxyData: { claim: { claimName: 'data' } },
        search: { evaluations: 2, parallelism: 2, seed: 2, constraints: { maxParametersM: 0.02 } },
        size: 1,
        pretraining: { epochs: 1 },
        imports: [
          {
            name: 'given',
            encoding: tinyEncoding,
            weights: { claim: { claimName: 'weights', path: 'given.safetensors' } },
            nativeSize: 32,
            accuracy: 0.7,
          },
        ],
        output: { claim: { claimName: 'zoo', path: 'zoos' } },
      },
    });
    await toTheEnd(zooWorld);
    const { zoo } = zooWorld;
    expect(zoo.status).toMatchObject({ phase: 'Ready', membersReady: 2, evaluations: { done: 2, failed: 0 } });
    expect(placeOfZoo(zoo)).toMatchObject({ claim: { claimName: 'zoo' } });

    const place = here(trainerZoo(zoo, settings));
    const members = memberSource([]).membersOf(zoo);
    if (place.kind !== 'folder') throw new Error('the zoo is on a claim');
    const opened = await loadZoo(place.path);
    expect(opened.members.map(({ name }) => name)).toEqual(readyMembers(zoo));
    expect(members.map(({ name, accuracy }) => [name, accuracy])).toEqual(
      opened.members.map(({ name, accuracy }) => [name, accuracy]),
    );

    const profiled = await runPod(world, aProfileJob(world, { zoo: place, readyMembers: readyMembers(zoo) }));
    expect(asKind(profiled.message, 'profile').profile.steps.length).toBeGreaterThan(0);
    const { plan } = aTrainingJob(world);
    for (const member of readyMembers(zoo)) {
      const output = { ...aTrainingJob(world).output, folder: `task-${member}` };
      const job = aTrainingJob(world, { zoo: place, output, plan: { ...plan, member } });
      const trained = await runPod(world, job);
      expect(asKind(trained.message, 'training').result.accuracy).toBeGreaterThan(0.5);
    }
  },
  patience,
);
