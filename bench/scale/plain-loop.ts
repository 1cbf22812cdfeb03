/** What the API server itself takes: the writes that tasks need, of the same objects, from a loop that does nothing else. */
import type { ApiClient } from '../../hack/cluster/api-client.ts';
import type { FineTuneTask } from '../../src/crds/fine-tune-task.ts';
import type { Job } from '../../src/crds/workloads.ts';
import { taskObject } from '../../test/support/operator-cluster.ts';

/** A task as it stands once it has its training Job, and the Jobs that led there. */
export interface Model {
  readonly task: FineTuneTask;
  readonly jobs: readonly Job[];
}

const tasksPath = (namespace: string): string => `/apis/nasoa.dev/v1alpha1/namespaces/${namespace}/finetunetasks`;

/** Seconds to write `count` such tasks with their Jobs, `workers` at a time. */
export async function plainLoop(
  api: ApiClient,
  namespace: string,
  { task, jobs }: Model,
  { count, workers }: { readonly count: number; readonly workers: number },
): Promise<number> {
  const started = performance.now();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) {
      const name = `plain-${i}`;
      await api.call('POST', tasksPath(namespace), { ...taskObject(name), metadata: { name, namespace } });
      // as the operator does: the promise of the profile Job, then profile, plan and the promise of the training Job
      const { plan, profile, ...promise } = task.status ?? {};
      for (const status of [promise, { ...promise, plan, profile }]) {
        const body = { apiVersion: task.apiVersion, kind: task.kind, metadata: { name, namespace }, status };
        const path = `${tasksPath(namespace)}/${name}/status?fieldManager=plain&force=true`;
        await api.call('PATCH', path, body, 'application/apply-patch+yaml');
      }
      for (const [n, job] of jobs.entries()) {
        const { annotations } = job.metadata;
        // other labels than those by which operator and kubelets find Jobs; without any the template's would be taken
        const metadata = { name: `${name}-${n}`, namespace, annotations, labels: { app: 'plain' } };
        const { selector: _, ...spec } = job.spec as unknown as Record<string, unknown>;
        await api.call('POST', `/apis/batch/v1/namespaces/${namespace}/jobs`, {
          ...{ apiVersion: 'batch/v1', kind: 'Job', metadata, spec: withoutControllerLabels(spec) },
        });
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return (performance.now() - started) / 1000;
}

/** The API server adds labels with the uid of the very Job to the template. */
function withoutControllerLabels(spec: Record<string, unknown>): Record<string, unknown> {
  const template = spec.template as { metadata?: { labels?: Record<string, string> } };
  const labels = Object.fromEntries(
    Object.entries(template.metadata?.labels ?? {}).filter(([key]) => !/controller-uid|job-name/.test(key)),
  );
  return { ...spec, template: { ...template, metadata: { ...template.metadata, labels } } };
}
