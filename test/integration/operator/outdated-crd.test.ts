/** An operator of a newer release than the CRDs of its cluster. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until } from '../../../hack/cluster/service.ts';
import { type OperatorCluster, startOperatorCluster } from '../../support/operator-cluster.ts';
import { type OperatorProcess, startOperator } from '../../support/operator-process.ts';
import { installKinds } from '../../support/own-kinds.ts';

interface Schema {
  readonly properties: Record<string, Schema>;
  readonly items: Schema;
}

interface Definition {
  readonly spec: { readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: Schema } }] };
}

let cluster: OperatorCluster;
let operator: OperatorProcess | undefined;
beforeAll(async () => {
  cluster = await startOperatorCluster();
}, 900_000);
afterAll(async () => {
  await operator?.stop('SIGKILL');
  await cluster?.stop();
});

/** The schema of tasks as it was before plans told how many images each of the data sets most alike has. */
async function takeFieldAway(): Promise<void> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/finetunetasks.nasoa.dev';
  const definition = await cluster.api.call<Definition>('GET', path);
  const schema = definition.spec.versions[0].schema.openAPIV3Schema;
  const nearest = ['status', 'plan', 'nearest'].reduce((at, name) => at.properties[name] as Schema, schema);
  delete nearest.items.properties.images;
  await cluster.api.call('PUT', path, definition);
}

const planned = (name: string) => cluster.taskWhen(name, 'it is planned', ({ status }) => status?.plan !== undefined);

test('says what is to be done, and plans once it is', async () => {
  await takeFieldAway();
  operator = await startOperator(cluster.operatorEnv);
  await cluster.createTask('early');
  const { log } = operator;
  const told = await until('it is told', 60, async () => log.find(({ error }) => /not declared/.test(String(error))));
  expect(told).toMatchObject({ key: 'vision/early', remedy: expect.stringContaining('CRDs of the cluster') });
  await installKinds(cluster.api);
  // its number of images may get lost: watches opened under the old schema leave it out, and the operator writes what it saw
  const { status } = await planned('early');
  expect(status?.plan?.nearest[0]?.dataset).toBe('dishes');
}, 180_000);
