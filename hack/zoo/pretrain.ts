/**
 * Pre-trains members of the shipped zoo anew, whose architecture stays, as do their steps, and adds new ones:
 *   node hack/zoo/pretrain.ts DATA NAME... [--epochs 24] [--teacher efficientnet-lite2]
 *   node hack/zoo/pretrain.ts DATA NAME=ENCODING --licence TEXT --found 'Found by ...'
 * The same command goes on after a kill. A member is replaced once it is finished; its experience is to be collected anew then
 * (`hack/zoo/collect-experience.ts`), and the cards are to be written (`hack/zoo/cards.ts`). The steps of a new one are to be
 * measured as those of the others were (`hack/zoo/measure.ts`).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { forgetWork, type PretrainingRequest, pretrainMember } from '../../src/cli/local/zoo-build.ts';
import { silentReporter } from '../../src/cli/terminal/reporter.ts';
import { writeFileAtomic } from '../../src/lib/atomic-file.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { addMember, loadZoo, memberOf, removeMember, shippedZooDir, type ZooMember } from '../../src/nas/zoo.ts';
import { parseZooIndex } from '../../src/nas/zoo-index.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    epochs: { type: 'string', default: '24' },
    teacher: { type: 'string' },
    licence: { type: 'string' },
    found: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});
const [data, ...names] = positionals;
if (data === undefined || names.length === 0) throw new Error('usage: node hack/zoo/pretrain.ts DATA NAME...');

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error('stopped')));
const folder = shippedZooDir();
const request: PretrainingRequest = {
  ...{ path: data, zoo: folder, epochs: Number(values.epochs), teacher: values.teacher, seed: Number(values.seed) },
  // the steps of a member are those of its architecture, and known, or measured in peace later
  ...{ validationShare: 0.2, measuringSeconds: 0 },
};
const context = { env: process.env, clock: systemClock, signal: stop.signal, reporter: silentReporter };

const index = join(folder, 'index.json');
const readIndex = async () => parseZooIndex(await readFile(index, 'utf8'), index);

for (const [i, text] of names.entries()) {
  const zoo = await loadZoo(folder);
  const order = zoo.members.map((member) => member.name);
  const [name = '', wanted] = text.split('=');
  if (wanted !== undefined && order.includes(name)) throw new Error(`there is a member ${name} already`);
  const encoding = wanted ?? memberOf(zoo, name).encoding;
  const made = await pretrainMember(request, { name, encoding }, i + 1, context);
  if (made === undefined) break;
  if (wanted !== undefined) {
    await addNew(made);
    continue;
  }
  const old = memberOf(zoo, name);
  const { folder: _, weights: __, sha256: ___, ...kept } = old;
  const { accuracy, classes, pretraining, provenance } = made;
  await removeMember(folder, name);
  await addMember(
    folder,
    { ...kept, accuracy, classes, pretraining, provenance },
    { copyOf: join(made.folder, made.weights) },
  );
  const { members, ...rest } = await readIndex();
  const ordered = members.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  await writeFileAtomic(index, `${JSON.stringify({ ...rest, members: ordered }, null, 2)}\n`);
  console.log(`${name}: ${(100 * old.accuracy).toFixed(1)} % before, ${(100 * accuracy).toFixed(1)} % now`);
}
if (!stop.signal.aborted) await forgetWork(request);

async function addNew({ folder: madeIn, weights, sha256: _, provenance, ...member }: ZooMember): Promise<void> {
  const { licence, found } = values;
  if (licence === undefined) throw new Error('a new member needs --licence');
  const from = [found, provenance].filter((part) => part !== undefined).join(' ');
  await addMember(folder, { ...member, licence, provenance: from }, { copyOf: join(madeIn, weights) });
  console.log(`${member.name}: ${(100 * member.accuracy).toFixed(1)} %`);
}
