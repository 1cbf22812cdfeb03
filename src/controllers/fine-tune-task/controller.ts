/** The controller of FineTuneTasks: its parts put together. */
import type { Secret } from '../../crds/kubernetes.ts';
import { Forbidden } from '../../kube/errors.ts';
import { keyOf, secrets } from '../../kube/resources.ts';
import type { World } from '../../kube/world.ts';
import { InputError } from '../../lib/errors.ts';
import type { Experience } from '../../planner/types.ts';
import { currentPods } from '../owned.ts';
import type { Reconciler } from '../runtime.ts';
import { type ApplyPorts, apply } from './apply.ts';
import { decide } from './decide.ts';
import { type GatherPorts, gather } from './gather.ts';
import type { PlansUnderWay } from './plans-under-way.ts';
import type { ExperienceSink } from './ports.ts';
import { type Answers, type Decision, isQuestion, type Question, type View } from './view.ts';

export interface TaskPorts extends Omit<GatherPorts, 'refusals'>, ApplyPorts {
  readonly plans: Pick<PlansUnderWay, 'take' | 'forget'>;
  readonly experience: ExperienceSink;
  /** Told of an experience that could not be stored for now; the task tries again. */
  readonly onExperienceLost: (error: unknown) => void;
}

export const taskReconciler = (ports: TaskPorts): Reconciler<View, Question, Decision> => ({
  kind: 'FineTuneTask',
  gather: (key) => {
    const view = gather(key, ports);
    if (view === undefined) ports.plans.forget(key);
    return view;
  },
  decide,
  questionIn: ({ actions }) => actions.find(isQuestion),
  answer: async (view, question) => {
    const learned = await answerTo(question, view, ports);
    return learned === undefined ? undefined : { ...view, ...learned };
  },
  apply: (view, decision) => apply(view, decision, ports),
});

async function answerTo(question: Question, view: View, ports: TaskPorts): Promise<Partial<View> | undefined> {
  const { namespace } = view.task.metadata;
  const told = (answers: Answers): Partial<View> => ({ answers: { ...view.answers, ...answers } });
  switch (question.do) {
    case 'readPods':
      return { pods: await currentPods(view.task, ports.world), podsAreCurrent: true };
    case 'look':
      return told({ missingSecrets: await missingOf(question.secrets, namespace, ports.world) });
    case 'plan': {
      const plan = ports.plans.take(keyOf(view.task), question.input);
      return plan === undefined ? undefined : told({ plan });
    }
    case 'storeExperience':
      return told({ experience: await kept(question.experience, namespace, ports) });
  }
}

/** Names of those that do not exist. What is in the others is dropped unread. */
async function missingOf(names: readonly string[], namespace: string, world: World): Promise<readonly string[]> {
  const there = await Promise.all(names.map((name) => isThere(name, namespace, world)));
  return names.filter((_, i) => there[i] === false);
}

/** An installation may keep the operator from looking at Secrets; then the pod tells, a little later. */
async function isThere(name: string, namespace: string, world: World): Promise<boolean> {
  try {
    return (await world.read<Secret>(secrets, namespace, name)) !== undefined;
  } catch (error) {
    if (error instanceof Forbidden) return true;
    throw error;
  }
}

/** A store that is away must not keep the result from its user: the task is complete, and tries again later. */
async function kept(
  experience: Experience,
  namespace: string,
  { experience: sink, onExperienceLost }: TaskPorts,
): Promise<NonNullable<Answers['experience']>> {
  try {
    await sink.add(experience, namespace);
    return 'kept';
  } catch (error) {
    onExperienceLost(error);
    return error instanceof InputError ? 'refused' : 'failed';
  }
}
