/** A cluster with an operator on it, and hands for people and pods; for tests that follow tasks through their lives. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll } from '@jest/globals';
import type { Fate } from '../../hack/cluster/simulated-kubelet.ts';
import { findCondition, type TaskConditionType } from '../../src/crds/conditions.ts';
import type { FineTuneTask } from '../../src/crds/fine-tune-task.ts';
import { labels } from '../../src/crds/group.ts';
import type { TrainerJob } from '../../src/crds/trainer-job.ts';
import type { Job, Pod } from '../../src/crds/workloads.ts';
import { answers, namespace, type OperatorCluster, startOperatorCluster } from './operator-cluster.ts';
import { type OperatorProcess, startOperator } from './operator-process.ts';
import { type AuditEvent, parseAuditLog } from './rights.ts';

export const jobsPath = `/apis/batch/v1/namespaces/${namespace}/jobs`;
export const podsPath = `/api/v1/namespaces/${namespace}/pods`;
export const eventsPath = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;

export interface OperatorSite {
  readonly cluster: OperatorCluster;
  operator: OperatorProcess;
  /** Fates of one task's pods, by its name; those of all others answer. */
  readonly fates: Map<string, (job: TrainerJob, pod: Pod) => Fate>;
  jobsOf(task: FineTuneTask): Promise<readonly Job[]>;
  patchTask(name: string, spec: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** What the API server was asked so far. */
  audit(): readonly AuditEvent[];
}

/** Starts before the tests of a file and ends after them. */
export function operatorSite(): OperatorSite {
  const fates: OperatorSite['fates'] = new Map();
  const site = { fates } as { -readonly [K in keyof OperatorSite]: OperatorSite[K] };
  beforeAll(async () => {
    site.cluster = await startOperatorCluster({ controllerManager: true, audit: true });
    site.cluster.setFates((job, pod) => fates.get(job.task.name)?.(job, pod) ?? answers(job));
    site.operator = await startOperator(site.cluster.operatorEnv);
  }, 900_000);
  afterAll(async () => {
    await site.operator?.stop();
    await site.cluster?.stop();
  });
  site.jobsOf = async ({ metadata: { uid } }) => {
    const selector = encodeURIComponent(`${labels.taskUid}=${uid}`);
    return (await site.cluster.api.call<{ items: Job[] }>('GET', `${jobsPath}?labelSelector=${selector}`)).items;
  };
  site.patchTask = (name, spec) => {
    const path = `/apis/nasoa.dev/v1alpha1/namespaces/${namespace}/finetunetasks/${name}`;
    return site.cluster.api.call('PATCH', path, { spec }, 'application/merge-patch+json');
  };
  site.audit = () => parseAuditLog(readFileSync(site.cluster.auditLog ?? '', 'utf8'));
  return site;
}

export const conditionOf = (task: FineTuneTask, type: TaskConditionType) =>
  findCondition(task.status?.conditions, type);

export const isOver = ({ status }: FineTuneTask): boolean => status?.phase === 'Complete' || status?.phase === 'Failed';
