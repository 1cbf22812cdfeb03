import type { FineTuneTask } from '../../src/crds/fine-tune-task.ts';
import type { FineTuneTaskStatus } from '../../src/crds/fine-tune-task-status.ts';
import { apiVersion, labels } from '../../src/crds/group.ts';
import { startTestApi, type TestApi } from './api-server.ts';
import { installKinds } from './own-kinds.ts';
import { type CliOptions, type Finished, runCli } from './run-cli.ts';

export interface TaskCluster extends TestApi {
  readonly namespace: string;
  /** The command line against this cluster and namespace. */
  nasoa(args: readonly string[], options?: CliOptions): Promise<Finished>;
  /** The answer of a command that ends well. */
  json<T>(args: readonly string[]): Promise<T>;
  task(name: string): Promise<FineTuneTask>;
  createTask(name: string, spec?: object): Promise<FineTuneTask>;
  /** Writes a status as the operator would. */
  state(name: string, status: FineTuneTaskStatus): Promise<void>;
  /** Makes a pod of a task, as its Job would. */
  createPod(task: FineTuneTask, name: string, role: 'profile' | 'training'): Promise<void>;
}

const leastSpec = {
  data: { claim: { claimName: 'flowers' } },
  budget: { time: '10m' },
  output: { claim: { claimName: 'models' } },
};

/** Its namespace enforces the restricted Pod Security level. */
export async function startTaskCluster(namespace: string): Promise<TaskCluster> {
  const api = await startTestApi();
  const group = `/apis/${apiVersion}/namespaces/${namespace}/finetunetasks`;
  await installKinds(api.api);
  const level = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await api.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: level } });
  const env = { KUBECONFIG: api.kubeconfig };
  const nasoa: TaskCluster['nasoa'] = (args, options = {}) =>
    runCli([...args, '-n', namespace], { ...options, env: { ...env, ...options.env } });
  const task: TaskCluster['task'] = (name) => api.api.call('GET', `${group}/${name}`);
  return {
    ...{ ...api, namespace, nasoa, task },
    json: async <T>(args: readonly string[]) => {
      const { code, stdout, stderr } = await nasoa([...args, '--json']);
      if (code !== 0) throw new Error(`${code}: ${stderr}${stdout}`);
      return JSON.parse(stdout) as T;
    },
    createTask: (name, spec = {}) =>
      api.api.call('POST', group, {
        apiVersion,
        kind: 'FineTuneTask',
        metadata: { name },
        spec: { ...leastSpec, ...spec },
      }),
    state: async (name, status) => {
      await api.api.call('PATCH', `${group}/${name}/status`, { status }, 'application/merge-patch+json');
    },
    createPod: async ({ metadata }, name, role) => {
      const own = { [labels.task]: metadata.name, [labels.taskUid]: metadata.uid, [labels.role]: role };
      await api.api.call('POST', `/api/v1/namespaces/${namespace}/pods`, {
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: own } },
        spec: trainerSpec,
      });
    },
  };
}

const trainerSpec = {
  restartPolicy: 'Never',
  securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
  nodeSelector: { pool: 'gpu' },
  containers: [
    {
      name: 'trainer',
      image: 'nasoa-trainer:test',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
};
