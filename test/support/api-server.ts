import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBinaries } from '../../hack/cluster/binaries.ts';
import { kubeconfig } from '../../hack/cluster/certificates.ts';
import { type ControlPlane, controlPlanePrograms, startControlPlane } from '../../hack/cluster/control-plane.ts';

export interface TestApiOptions {
  /** Makes pods of Jobs, collects garbage, gives each namespace its service account. */
  readonly controllerManager?: boolean;
  readonly scheduler?: boolean;
  /** Keeps a record of every request in `auditLog`. */
  readonly audit?: boolean;
  readonly apiServerArgs?: readonly string[];
  readonly controllerManagerArgs?: readonly string[];
}

/**
 * A real API server of one's own. Its services can be stopped and started again, for outages:
 * `await api.apiServer.stop('SIGKILL'); ...; await api.apiServer.start()`; address and data stay.
 */
export interface TestApi extends ControlPlane {
  readonly folder: string;
  /** Path of a kubeconfig for a service account, which has to be there, by a token that is good for an hour. */
  serviceAccountKubeconfig(namespace: string, name: string): Promise<string>;
}

// another process may take a port between its being found free and its being used
const tries = 3;

/**
 * Starts etcd and kube-apiserver (and what the options ask for) on the loopback address, ready when this resolves.
 * Builds the programs first where they are missing, which takes minutes: make them before the tests do.
 * `stop()` ends all of it and removes its folder; the kernel ends it with this process, should that die.
 */
export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const env = process.env;
  const log = (line: string): void => {
    process.stderr.write(`cluster: ${line}\n`);
  };
  const binaries = await ensureBinaries(controlPlanePrograms, { env, log });
  for (let left = tries - 1; ; left--) {
    const folder = await mkdtemp(join(tmpdir(), 'nasoa-api-'));
    try {
      return withFolder(await startControlPlane({ folder, env, binaries, ...options }), folder);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      if (left === 0 || !isTakenPort(error)) throw error;
    }
  }
}

const isTakenPort = (error: unknown): boolean =>
  error instanceof Error && /address already in use/i.test(error.message);

function withFolder(plane: ControlPlane, folder: string): TestApi {
  const serviceAccountKubeconfig = async (namespace: string, name: string): Promise<string> => {
    const review = await plane.api.call<{ status: { token: string } }>(
      'POST',
      `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
    );
    const path = join(folder, `${namespace}-${name}.kubeconfig`);
    const content = kubeconfig(plane.url, plane.authority.cert, { token: review.status.token }, namespace);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const stop = async (): Promise<void> => {
    await plane.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { ...plane, folder, serviceAccountKubeconfig, stop };
}
