/**
 * Puts finished pre-trainings (`hack/zoo/pretrain.ts`) into a zoo: `node hack/zoo/build.ts NAME...`, cheapest first.
 * Costs are computed and training steps measured here, so the machine should be idle.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/lib/clock.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { memberFacts } from '../../src/nas/member-facts.ts';
import { addMember, shippedZooDir } from '../../src/nas/zoo.ts';
import type { StepTime } from '../../src/planner/types.ts';
import { pretrainingRecipe } from '../../src/train/pretraining.ts';
import { measureStep, memberPoints } from '../../src/train/step-time.ts';

interface Record {
  readonly name: string;
  readonly encoding: string;
  readonly inputSize: number;
  readonly epochs: number;
  readonly accuracy: number;
  readonly top5: number;
  readonly data: string;
  readonly images: number;
  readonly classes: number;
}

const licence = 'Apache-2.0; trained on research data (Tiny ImageNet), which is not included';

const measuring = { clock: systemClock, signal: new AbortController().signal };
const names = process.argv.slice(2);
await rm(join(shippedZooDir(), 'index.json'), { force: true });
for (const name of names) {
  const folder = join('.cache', 'pretrain', name);
  const record = JSON.parse(await readFile(join(folder, 'record.json'), 'utf8')) as Record;
  const { encoding, inputSize: nativeSize, epochs, accuracy, top5, data, images, classes } = record;
  const network = networkOf(encoding, { classes });
  const measured: StepTime[] = [];
  for (const point of memberPoints(network, nativeSize)) measured.push(await measureStep(network, point, measuring));
  const member = await addMember(
    shippedZooDir(),
    {
      ...{ name, encoding, nativeSize, accuracy, licence, classes, steps: measured },
      ...memberFacts(network, nativeSize),
      pretraining: {
        data: `${data} (${classes} classes, ${images} images, ${nativeSize} px)`,
        recipe: pretrainingRecipe,
        ...{ epochs, accuracy, top5 },
      },
      provenance: `Trained from nothing by nasoa (hack/zoo/pretrain.ts) on ${data}.`,
    },
    await readFile(join(folder, 'weights.safetensors')),
  );
  console.log(
    member.name,
    member.parametersM.toFixed(2),
    'M',
    member.accuracy.toFixed(3),
    measured.map((s) => s.seconds).join(' '),
  );
}
