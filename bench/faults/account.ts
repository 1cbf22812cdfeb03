/** What the world looks like after the storm, and what of it must not be. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FineTuneTask } from '../../src/crds/fine-tune-task.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { experienceStore } from '../../src/store/experience.ts';
import { namespace, type OperatorCluster } from '../../test/support/operator-cluster.ts';
import { parseAuditLog } from '../../test/support/rights.ts';

export interface Account {
  readonly complete: number;
  readonly failed: number;
  /** Neither complete nor failed. */
  readonly lost: number;
  /** Jobs that were created beyond the attempts that the status tells. */
  readonly jobsTooMany: number;
  readonly experiences: number;
  /** Complete tasks without an experience, and experiences without a complete task. */
  readonly experiencesLost: number;
  readonly experiencesTooMany: number;
  /** Tasks of which two training pods ran at a time. */
  readonly doubled: number;
}

export async function accountOf(cluster: OperatorCluster, dataDir: string, doubled: number): Promise<Account> {
  const path = `/apis/nasoa.dev/v1alpha1/namespaces/${namespace}/finetunetasks`;
  const { items } = await cluster.api.call<{ items: readonly FineTuneTask[] }>('GET', path);
  const complete = items.filter(({ status }) => status?.phase === 'Complete');
  const failed = items.filter(({ status }) => status?.phase === 'Failed');
  const created = createdJobs(cluster);
  const allowed = items.reduce((sum, { status }) => {
    return sum + (status?.attempts?.profile ?? 0) + (status?.attempts?.training ?? 0);
  }, 0);
  const database = await openEmbedded(join(dataDir, 'experience'));
  const experiences = await experienceStore(database).list();
  await database.close();
  const ids = new Set(experiences.map(({ id }) => id));
  const uids = new Set(complete.map(({ metadata }) => metadata.uid));
  return {
    ...{ complete: complete.length, failed: failed.length, lost: items.length - complete.length - failed.length },
    jobsTooMany: Math.max(0, created - allowed),
    experiences: experiences.length,
    experiencesLost: [...uids].filter((uid) => !ids.has(uid)).length,
    experiencesTooMany: experiences.length - [...ids].filter((id) => uids.has(id)).length,
    doubled,
  };
}

/** Jobs that the API server made for the operator, by its audit log. */
function createdJobs(cluster: OperatorCluster): number {
  return parseAuditLog(readFileSync(cluster.auditLog ?? '', 'utf8')).filter(
    ({ verb, objectRef, responseStatus }) =>
      verb === 'create' &&
      objectRef?.resource === 'jobs' &&
      objectRef.subresource === undefined &&
      responseStatus?.code === 201,
  ).length;
}
