import { pollSeconds } from '../../waiting.ts';
import type { Facts } from '../facts.ts';
import { longestRunSeconds } from '../facts.ts';
import type { Policy, Ruling } from '../ruling.ts';

/** The Job is there: the condition Running says what its pod does, or what it waits for. */
export const watch: Policy = (facts) => {
  const { state } = facts;
  switch (state.kind) {
    case 'waiting':
      return {
        running: { status: 'False', ...state.waiting },
        wakeSeconds: pollSeconds(state.waiting, state.pod),
      };
    case 'ending': {
      const name = state.pod?.metadata.name ?? facts.job?.metadata.name ?? '';
      return {
        running: { status: 'False', reason: 'Retrying', message: `The next pod follows when ${name} has ended.` },
      };
    }
    case 'running':
      return running(facts, state.pod.metadata.name, state.pod.spec.nodeName, state.since);
    default:
      return undefined;
  }
};

function running({ role, nowSeconds, budgetSeconds }: Facts, pod: string, node = 'its node', since: string): Ruling {
  const [reason, does] = role === 'profile' ? (['Profiling', 'measures'] as const) : (['Training', 'trains'] as const);
  const stuckAt = Date.parse(since) / 1000 + longestRunSeconds(budgetSeconds, 0);
  return {
    running: { status: 'True', reason, message: `The pod ${pod} ${does} on ${node}.` },
    wakeSeconds: Math.max(1, stuckAt - nowSeconds),
  };
}
