/** The controller of ModelZoos: its parts put together. */
import { keyOf } from '../../kube/resources.ts';
import { currentPods } from '../owned.ts';
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
  answer: async (view, question) => {
    const { zoo, kept } = view;
    if (question.do === 'load') return { ...view, kept: await keptOf(zoo.metadata.uid, ports.store) };
    const seen = gather(keyOf(zoo), ports, await currentPods(zoo, ports.world));
    // another of the same name by now: its change brings the next pass
    return seen?.zoo.metadata.uid === zoo.metadata.uid ? { ...seen, kept } : undefined;
  },
  apply: (view, decision) => apply(view, decision, ports),
});

async function keptOf(uid: string, store: SearchStateStore): Promise<Kept> {
  const kept = await store.load(uid);
  return kept === undefined
    ? { revision: 0, state: undefined }
    : { revision: kept.revision, state: readState(kept.state) };
}
