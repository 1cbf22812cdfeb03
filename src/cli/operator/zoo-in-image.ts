import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shippedZooDir } from '../../nas/zoo.ts';
import { parseZooIndex } from '../../nas/zoo-index.ts';
import type { Experience, MemberInfo } from '../../planner/types.ts';
import { shippedExperience } from '../experience-records.ts';

/** The zoo that the images bring along, as far as plans need it: the operator's image holds no weights. */
export async function zooInImage(): Promise<{
  readonly members: readonly MemberInfo[];
  readonly experience: readonly Experience[];
}> {
  const file = join(shippedZooDir(), 'index.json');
  const { members } = parseZooIndex(await readFile(file, 'utf8'), file);
  return { members, experience: await shippedExperience() };
}
