import { type Api, ApiClient } from '../../src/kube/api.ts';
import type { KubeMetrics } from '../../src/kube/metrics.ts';
import type { Rate } from '../../src/kube/token-bucket.ts';
import { anonymous, type Credentials, HttpTransport } from '../../src/kube/transport.ts';
import { createRng } from '../../src/lib/rng.ts';
import { FakeApi } from './fake-api.ts';
import { ManualTimers } from './manual-timers.ts';

export interface FakeClient extends AsyncDisposable {
  readonly fake: FakeApi;
  readonly timers: ManualTimers;
  readonly api: Api;
}

/** A real client of a fake API server, whose waiting the test controls. */
export async function aClient(
  options: { readonly rate?: Rate; readonly metrics?: KubeMetrics; readonly credentials?: Credentials } = {},
): Promise<FakeClient> {
  const { credentials = anonymous, ...rest } = options;
  const fake = await FakeApi.start();
  const timers = new ManualTimers(1000);
  const transport = new HttpTransport(fake.url, credentials);
  const api = new ApiClient({ transport, timers, rng: createRng(1), ...rest });
  return { fake, timers, api, [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose]() };
}
