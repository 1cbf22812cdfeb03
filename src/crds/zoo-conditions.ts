/** Conditions of a ModelZoo: for each the closed list of its reasons, what a reason means, and what to do. */
import type { ConditionTable } from './conditions.ts';
import { failureReasons, waitingReasons } from './task-conditions.ts';

export const zooConditions = {
  Searched: {
    description: 'Whether the search is through and the front is known.',
    reasons: {
      NotStarted: 'No candidate was evaluated yet.',
      Searching: 'Candidates are being evaluated; status.evaluations counts them.',
      SearchCompleted: 'As many candidates as asked for were evaluated.',
      TimeSpent: 'search.time was spent before the last candidate; the front is that of the candidates evaluated.',
      NoSearch: 'The spec asks for no search: the zoo holds its imports.',
      SearchFailed: 'The search cannot go on; the condition Failed says why.',
    },
  },
  Pretrained: {
    description: 'Whether every member has its weights.',
    reasons: {
      NotStarted: 'The members are not known yet.',
      Pretraining: 'Members are being pre-trained; status.members tells which.',
      MembersPretrained: 'Every member has its weights.',
      SomeFailed: 'Some members could not be pre-trained; the others serve.',
      PretrainingFailed: 'No member could be pre-trained; the condition Failed says why.',
    },
  },
  Ready: {
    description: 'Whether tasks may start from this zoo.',
    reasons: {
      ZooReady: 'status.artifact holds the zoo.',
      InProgress: 'The zoo is being made.',
      Failed: 'The zoo failed.',
    },
  },
  Running: {
    description: 'Whether a pod of the zoo runs, and if not, what it waits for.',
    reasons: {
      Searching: 'Candidates are being evaluated.',
      Pretraining: 'Members are being pre-trained.',
      ...waitingReasons,
    },
  },
  Suspended: {
    description: 'Whether the zoo is held. Evaluated candidates and checkpoints are kept.',
    reasons: {
      SuspendRequested: 'spec.suspend is true. Set it to false to go on.',
      Suspending: 'spec.suspend is true; the pods are ending.',
      Resumed: 'The zoo went on after it was suspended.',
      NotSuspended: 'The zoo was never suspended.',
    },
  },
  Failed: {
    description: 'Whether the zoo failed for good.',
    reasons: {
      NotFailed: 'Nothing failed for good.',
      TooFewCandidates: 'Too few candidates could be evaluated to fill a zoo. See the messages of status.evaluations.',
      NoCandidateAllowed: 'No architecture of the space keeps the constraints. Loosen them in a new zoo.',
      ImportFailed: 'An import cannot be used; the message names it. Correct it in a new zoo.',
      ...failureReasons,
    },
  },
} as const satisfies ConditionTable;
