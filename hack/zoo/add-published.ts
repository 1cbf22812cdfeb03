/**
 * Puts a network with published weights into the shipped zoo, in half precision and without its head, and cuts of it that
 * share the file: `node hack/zoo/add-published.ts efficientnet-lite0 3 5 6`. After
 * that measure their steps on an idle machine (`hack/zoo/measure.ts`) and write the cards (`hack/zoo/cards.ts`).
 */
import { basename } from 'node:path';
import { fetchPublished } from '../../src/cli/local/published-weights.ts';
import { silentReporter } from '../../src/cli/terminal/reporter.ts';
import { familyOf, networkOf } from '../../src/nas/families/table.ts';
import { memberFacts } from '../../src/nas/member-facts.ts';
import { encodeSafetensors } from '../../src/nas/safetensors.ts';
import { headTensors } from '../../src/nas/weight-shapes.ts';
import { checkWeights, readWeights } from '../../src/nas/weights.ts';
import { addMember, type NewMember, shippedZooDir } from '../../src/nas/zoo.ts';

const [whole, ...cuts] = process.argv.slice(2);
if (whole === undefined) throw new Error('usage: node hack/zoo/add-published.ts ENCODING [CUT...]');
const context = { env: process.env, signal: new AbortController().signal, reporter: silentReporter };

function memberFor(encoding: string): NewMember {
  const family = familyOf(encoding);
  const weights = family.weights?.(encoding);
  if (weights?.compared === undefined) throw new Error(`${encoding}: no weights, or nobody measured how it compares`);
  const { accuracy, classes, compared, data, file, licence, provenance } = weights;
  const nativeSize = family.nativeSize(encoding);
  return {
    ...{ name: encoding.replaceAll('/', '-'), encoding, nativeSize, licence, provenance, classes, steps: [] },
    ...memberFacts(networkOf(encoding, { classes }), nativeSize),
    ...{ accuracy: compared.accuracy, accuracyBasis: compared.basis },
    pretraining: { data, recipe: `imported from ${basename(file)}, in half precision`, epochs: 0, accuracy },
  };
}

const member = memberFor(whole);
const published = familyOf(whole).weights?.(whole);
if (published === undefined) throw new Error('seen above');
const network = networkOf(whole, { classes: member.classes });
const { variables } = checkWeights(network, await readWeights(await fetchPublished(published, context)));
// no task has the head's classes, and it is a quarter of the file
const head = headTensors(network);
const kept = new Map([...variables].filter(([name]) => !head.includes(name)));
await addMember(shippedZooDir(), member, encodeSafetensors(kept, { encoding: whole }, { dtype: 'F16' }));
for (const cut of cuts) await addMember(shippedZooDir(), memberFor(`${whole}/${cut}`), { sharedWith: member.name });
console.log('added', whole, ...cuts);
