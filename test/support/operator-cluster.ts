/** A real API server with our kinds, simulated kubelets, and namespaces for tasks: all but the operator itself. */
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { ApiObject } from '../../hack/cluster/api-client.ts';
import { until } from '../../hack/cluster/service.ts';
import { type Fate, SimulatedKubelet } from '../../hack/cluster/simulated-kubelet.ts';
import type { FineTuneTask } from '../../src/crds/fine-tune-task.ts';
import { exitCodes, type TrainerJob, type TrainerMessage } from '../../src/crds/trainer-job.ts';
import type { Pod } from '../../src/crds/workloads.ts';
import { ApiClient } from '../../src/kube/api.ts';
import { connect } from '../../src/kube/client.ts';
import { systemTimers } from '../../src/kube/timers.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createRng } from '../../src/lib/rng.ts';
import { costOf } from '../../src/nas/cost.ts';
import { networkOf } from '../../src/nas/families/table.ts';
import { proxyInputSize } from '../../src/nas/search.ts';
import { startTestApi, type TestApi, type TestApiOptions } from './api-server.ts';
import { aProfile, leastTaskSpec } from './objects.ts';
import { installKinds } from './own-kinds.ts';

export interface OperatorCluster extends TestApi {
  /** Environment of an operator in a pod of the chart, with the rights that the chart gives it. */
  readonly operatorEnv: Readonly<Record<string, string>>;
  readonly kubelet: SimulatedKubelet;
  /** What becomes of pods from now on; they answer well at once unless said otherwise. */
  setFates(fateOf: (job: TrainerJob, pod: Pod) => Fate): void;
  /** Creates a task, with the claims of the least spec beside it. */
  createTask(name: string, spec?: Readonly<Record<string, unknown>>): Promise<FineTuneTask>;
  task(name: string): Promise<FineTuneTask>;
  /** The task once `holds` is true of it. */
  taskWhen(name: string, what: string, holds: (task: FineTuneTask) => boolean, seconds?: number): Promise<FineTuneTask>;
}

export const namespace = 'vision';

export interface ClusterOptions extends TestApiOptions {
  /** Without the controller-manager the simulated kubelet makes the pods. */
  readonly controllerManager?: boolean;
}

export async function startOperatorCluster(options: ClusterOptions = {}): Promise<OperatorCluster> {
  const plane = await startTestApi({
    ...options,
    // those of nodes would take the simulated one for lost
    controllerManagerArgs: [
      '--controllers=job-controller,garbage-collector-controller,serviceaccount-controller,root-ca-certificate-publisher-controller,serviceaccount-token-controller',
      ...(options.controllerManagerArgs ?? []),
    ],
  });
  await installKinds(plane.api);
  await plane.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const name of ['flowers', 'models']) await plane.api.apply(claim(name));
  const operatorEnv = await serviceAccount(plane);
  let fates: (job: TrainerJob, pod: Pod) => Fate = (job) => answers(job);
  const { transport } = connect({ kubeconfig: plane.kubeconfig, clock: systemClock });
  const shared = { timers: systemTimers, rng: createRng(1) };
  const kubelet = new SimulatedKubelet({
    ...{ ...shared, api: new ApiClient({ transport, ...shared, rate: { perSecond: 5000, burst: 5000 } }) },
    fateOf: (job, pod) => fates(job, pod),
    lastWords: (job) => ({ kind: 'interrupted', activeSeconds: job.spentSeconds + 5, step: 10 }),
    controlsJobs: options.controllerManager !== true,
    onError: (error) => process.stderr.write(`kubelet: ${String(error)}\n`),
  });
  await kubelet.start();
  const path = `/apis/nasoa.dev/v1alpha1/namespaces/${namespace}/finetunetasks`;
  const task = (name: string): Promise<FineTuneTask> => plane.api.call<FineTuneTask>('GET', `${path}/${name}`);
  return {
    ...{ ...plane, kubelet, task, operatorEnv },
    setFates: (fateOf) => {
      fates = fateOf;
    },
    createTask: (name, spec = {}) => plane.api.call<FineTuneTask>('POST', path, taskObject(name, spec)),
    taskWhen: async (name, what, holds, seconds = 60) => {
      let seen: FineTuneTask | undefined;
      try {
        return await until(`task ${name}: ${what}`, seconds, async () => {
          seen = await task(name);
          return holds(seen) ? seen : undefined;
        });
      } catch (error) {
        throw new Error(`The status of task ${name} was last ${JSON.stringify(seen?.status)}`, { cause: error });
      }
    },
    stop: async () => {
      await kubelet.stop();
      await plane.stop();
    },
  };
}

/** Where the manifests put the operator. */
const operatorNamespace = 'nasoa-system';

/** The account, its rights and what else the manifests hold beside the Deployment; the folder that its pod would mount. */
async function serviceAccount({ api, folder, url, authority }: TestApi): Promise<Readonly<Record<string, string>>> {
  const text = readFileSync(fileURLToPath(new URL('../../manifests/operator/nasoa.yaml', import.meta.url)), 'utf8');
  const objects = parseAllDocuments(text).map((document) => document.toJS() as ApiObject);
  const wanted = ['Namespace', 'ServiceAccount', 'Secret', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'];
  await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: operatorNamespace } });
  for (const object of objects.filter(({ kind }) => wanted.includes(kind))) await api.apply(object);
  const name = objects.find(({ kind }) => kind === 'ServiceAccount')?.metadata.name ?? '';
  const { status } = await api.call<{ status: { token: string } }>(
    'POST',
    `/api/v1/namespaces/${operatorNamespace}/serviceaccounts/${name}/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 86_400 } },
  );
  const account = join(folder, 'account');
  await mkdir(account);
  await writeFile(join(account, 'token'), status.token, { mode: 0o600 });
  await writeFile(join(account, 'namespace'), operatorNamespace);
  await copyFile(authority.cert, join(account, 'ca.crt'));
  const { hostname, port } = new URL(url);
  return {
    ...{ KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port, NASOA_SERVICE_ACCOUNT_DIR: account },
    ...{ POD_NAMESPACE: operatorNamespace, NASOA_CERTIFICATE_SECRET: 'nasoa-serving' },
  };
}

export const taskObject = (name: string, spec: Readonly<Record<string, unknown>> = {}) => ({
  apiVersion: 'nasoa.dev/v1alpha1',
  kind: 'FineTuneTask',
  metadata: { name, namespace },
  spec: { ...leastTaskSpec, ...spec },
});

const claim = (name: string): ApiObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
});

/** A pod that does what it is there for. */
export function answers(job: TrainerJob, afterSeconds = 0): Fate {
  return { exitCode: exitCodes.done, afterSeconds, message: answerOf(job) };
}

const steps = ['nano', 'tiny', 'small', 'medium'].map((member, i) => ({
  ...{ member, inputSize: 64, batchSize: 64, frozenStages: 0, cachedFeatures: false, seconds: 0.02 * (i + 1) },
}));

export function answerOf(job: TrainerJob): TrainerMessage {
  switch (job.kind) {
    case 'profile':
      return { kind: 'profile', profile: aProfile({ steps, seconds: 4 }) };
    case 'training': {
      const seconds = job.spentSeconds + 60;
      return {
        ...{ kind: 'training', activeSeconds: seconds, stopped: 'completed' },
        result: { accuracy: 0.83, images: 2500, classes: 10, seconds },
        artifact: { claim: { claimName: 'models', path: job.output.folder } },
        curve: [{ seconds, accuracy: 0.83 }],
      };
    }
    case 'candidate': {
      const { parameters, macs } = costOf(networkOf(job.encoding, { classes: 10 }), proxyInputSize);
      const [parametersM, macsM] = [parameters / 1e6, macs / 1e6];
      // larger networks are better and slower
      const measured = { parametersM, macsM, accuracy: macsM / (macsM + 20), stepSeconds: 0.002 * macsM };
      return { kind: 'candidate', candidate: job.candidate, encoding: job.encoding, ...measured, activeSeconds: 5 };
    }
    case 'pretraining':
      return {
        ...{ kind: 'pretraining', member: job.member, encoding: job.encoding, accuracy: 0.5, stepSeconds: 0.05 },
        ...{ artifact: { claim: { claimName: 'models', path: job.output.folder } }, activeSeconds: 30 },
      };
  }
}
