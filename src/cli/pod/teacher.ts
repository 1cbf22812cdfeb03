/** The import whose answers the members of a zoo learn from: a member of the very zoo that is being made. */
import { join, posix } from 'node:path';
import type { PretrainingJob } from '../../crds/trainer-job.ts';
import { InputError } from '../../lib/errors.ts';
import { networkOf } from '../../nas/families/table.ts';
import { readSafetensors } from '../../nas/safetensors.ts';
import { proxyInputSize } from '../../nas/search.ts';
import { checkWeights } from '../../nas/weights.ts';
import { loadZoo, weightsPath } from '../../nas/zoo.ts';
import { openForAnswers } from '../../train/evaluate-on.ts';
import type { StepSource } from '../../train/loop.ts';
import { taughtSource } from '../../train/teacher.ts';
import type { PodContext } from './context.ts';
import { fetchMembers } from './open-zoo.ts';

export interface Teacher {
  readonly teach: (source: StepSource) => StepSource;
  close(): void;
}

/** Undefined where none is asked for. Throws InputError where it is not there, or answers with other classes. */
export async function openTeacher(
  { teacher: name, output }: PretrainingJob,
  classes: number,
  context: PodContext,
): Promise<Teacher | undefined> {
  if (name === undefined) return undefined;
  const store = await context.openStore(output.place, 'output');
  const folder = join(context.scratch, 'teacher');
  // this member lies at `members/ID` of the zoo
  await fetchMembers(store, posix.dirname(posix.dirname(output.folder)), folder, [name]);
  const zoo = await loadZoo(folder, [name]);
  const [member] = zoo.members;
  if (member?.classes !== classes) {
    throw new InputError(
      `The teacher "${name}" knows ${member?.classes} classes, and the data has ${classes}.`,
      'Take a teacher of the same classes, or none.',
    );
  }
  const network = networkOf(member.encoding, { classes });
  const { variables } = checkWeights(network, await readSafetensors(weightsPath(zoo, name)));
  const model = await openForAnswers(network, variables, proxyInputSize);
  return { teach: (source) => taughtSource(source, model), close: () => model.close() };
}
