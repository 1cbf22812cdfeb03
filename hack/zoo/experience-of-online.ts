/**
 * Adds the runs of `make bench-online` to the zoo's experience: `node hack/zoo/experience-of-online.ts KEPT`, where KEPT is
 * the file that it was run with. Runs that are there already are left as they are. They carry the name of the data set that
 * a task is a part of: what is learnt of one part of it must not count as known of another.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeptLines } from '../../bench/lib/kept-lines.ts';
import type { Run } from '../../bench/online/report.ts';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { loadZoo, memberOf, shippedZooDir } from '../../src/nas/zoo.ts';
import { type Experience, factsOf } from '../../src/planner/types.ts';
import { readShippedExperience } from '../../src/store/shipped-experience.ts';

const [kept] = process.argv.slice(2);
if (!kept) throw new Error('usage: node hack/zoo/experience-of-online.ts KEPT');
const zoo = await loadZoo(shippedZooDir());
const file = join(shippedZooDir(), 'experience.jsonl');
const { all: runs } = await KeptLines.open<Run>(kept);
const planned = new Map(runs.flatMap(({ task, experience }) => (experience ? [[task, experience] as const] : [])));

function experienceOf(run: Run): Experience | undefined {
  const own = planned.get(run.task);
  if (!own) return undefined;
  const named = { id: `shipped-online-${run.task} ${run.arm}`, dataset: run.task.replace(/-\d+$/, '') };
  if (run.experience) return { ...run.experience, ...named };
  const { member, regime, steps, curve, accuracy, seconds } = run;
  // a search's trials count other seconds
  if (!member || !regime || !curve) return undefined;
  return {
    ...{ ...own, ...named, member: factsOf(memberOf(zoo, member)) },
    // the regime's length is what was planned, which a fast machine exceeds
    regime: { ...regime, steps: steps ?? regime.steps },
    ...{ accuracy, activeSeconds: seconds, curve: [...curve, { seconds, accuracy }] },
  };
}

const before = await readShippedExperience(file);
const known = new Set(before.map(({ id }) => id));
const added = runs.flatMap((run) => experienceOf(run) ?? []).filter(({ id }) => !known.has(id));
await writeFileAtomic(file, [await readFile(file, 'utf8'), ...added.map((one) => `${JSON.stringify(one)}\n`)].join(''));
console.log(`${added.length} runs added to ${before.length}`);
