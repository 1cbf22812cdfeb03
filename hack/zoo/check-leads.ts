/**
 * What the planner thought of the other arms of `make bench-online` beside the default regime of the first, and what came of
 * them: `node hack/zoo/check-leads.ts KEPT`, where KEPT is the file that it was run with. Leads are in log odds.
 */
import { join } from 'node:path';
import { KeptLines } from '../../bench/lib/kept-lines.ts';
import type { Run } from '../../bench/online/report.ts';
import { createRng } from '../../src/lib/rng.ts';
import { loadZoo, memberOf, shippedZooDir } from '../../src/nas/zoo.ts';
import { encode } from '../../src/planner/encode.ts';
import { logit } from '../../src/planner/logit.ts';
import { encodedOptions, lessonsOf, replay } from '../../src/planner/predictors/replay.ts';
import { defaultPredictor } from '../../src/planner/predictors/table.ts';
import { type Experience, factsOf } from '../../src/planner/types.ts';
import { readShippedExperience } from '../../src/store/shipped-experience.ts';

const [kept] = process.argv.slice(2);
if (!kept) throw new Error('usage: node hack/zoo/check-leads.ts KEPT');
const seed = 1;
const zoo = await loadZoo(shippedZooDir());
const shipped = await readShippedExperience(join(shippedZooDir(), 'experience.jsonl'));
const { all: runs } = await KeptLines.open<Run>(kept);
const learnt: Experience[] = [];

for (const task of new Set(runs.map((run) => run.task))) {
  const own = runs.filter((run) => run.task === task);
  const experience = own.find((run) => run.arm === 'tune')?.experience;
  const usual = own.find((run) => run.arm === 'efficientnet-lite0');
  if (!experience || !usual) continue;
  const others = shipped.filter(({ dataset }) => dataset !== task.replace(/-\d+$/, ''));
  const predictor = replay(defaultPredictor, encodedOptions(seed), lessonsOf([...others, ...learnt]), createRng(seed));
  const inputsOf = ({ member, regime, steps }: Run) => {
    if (!member || !regime) return undefined;
    // a run is given the steps that there was time for
    const done = { ...regime, steps: steps ?? regime.steps };
    return encode({ features: experience.features, member: factsOf(memberOf(zoo, member)), regime: done });
  };
  const beside = inputsOf(usual);
  if (!beside) continue;
  const doubtOf = predictor.doubtBeside(beside);
  const expected = logit(predictor.predictOne(beside).mean);
  const rows = own.flatMap((run) => {
    const x = inputsOf(run);
    if (!x || run === usual) return [];
    return {
      arm: run.arm,
      regime: `${run.regime?.inputSize} px, ${run.regime?.frozenStages} kept`,
      lead: (logit(predictor.predictOne(x).mean) - expected).toFixed(2),
      doubt: doubtOf(x).toFixed(2),
      seen: (logit(run.accuracy) - logit(usual.accuracy)).toFixed(2),
    };
  });
  console.log(`${task}, beside ${usual.regime?.inputSize} px, ${usual.regime?.frozenStages} kept`);
  console.table(rows);
  learnt.push(experience);
}
