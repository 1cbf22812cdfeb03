import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { ApiClient, ApiObject } from '../../hack/cluster/api-client.ts';
import { until } from '../../hack/cluster/service.ts';
import { apiVersion } from '../../src/crds/group.ts';
import { kinds } from '../../src/crds/kinds.ts';

/** Brings our kinds to the API server, and waits until it serves them. */
export async function installKinds(api: ApiClient): Promise<void> {
  for (const { plural } of Object.values(kinds)) {
    const path = new URL(`../../manifests/crds/nasoa.dev_${plural}.yaml`, import.meta.url);
    await api.apply(parse(readFileSync(path, 'utf8')) as ApiObject);
    await until(`${plural} are served`, 30, async () =>
      (await api.send('GET', `/apis/${apiVersion}/${plural}`)).status === 200 ? true : undefined,
    );
  }
}
