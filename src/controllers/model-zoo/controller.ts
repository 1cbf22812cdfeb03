/** The controller of ModelZoos: its parts put together. */
import type { Reconciler } from '../runtime.ts';
import { type ApplyPorts, apply } from './apply.ts';
import { type Decision, decide, type Question } from './decide.ts';
import { type GatherPorts, gather } from './gather.ts';
import type { Kept, View } from './view.ts';
import { readState, type SearchStateStore } from './zoo-state.ts';

export type ZooPorts = Omit<GatherPorts, 'refusals'> & ApplyPorts;

export const zooReconciler = (ports: ZooPorts): Reconciler<View, Question, Decision> => ({
  kind: 'ModelZoo',
  gather: (key) => gather(key, ports),
  decide,
  questionIn: ({ question }) => question,
  answer: async (view) => ({ ...view, kept: await keptOf(view.zoo.metadata.uid, ports.store) }),
  apply: (view, decision) => apply(view, decision, ports),
});

async function keptOf(uid: string, store: SearchStateStore): Promise<Kept> {
  const kept = await store.load(uid);
  return kept === undefined
    ? { revision: 0, state: undefined }
    : { revision: kept.revision, state: readState(kept.state) };
}
