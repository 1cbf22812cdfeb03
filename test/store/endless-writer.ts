import { openEmbedded } from '../../src/store/embedded.ts';
import { experienceStore } from '../../src/store/experience.ts';
import { anExperience } from '../planner/builders.ts';

/** Adds runs to the store in argv[2] and prints a line for each that is stored, until it is killed. */
const store = experienceStore(await openEmbedded(process.argv[2] ?? ''));
for (let n = 0; ; n++) {
  await store.add(anExperience({ id: `${process.pid}-${n}` }));
  process.stdout.write(`${n}\n`);
}
