/** The controller of FineTuneTasks: its parts put together. */
import type { Secret } from '../../crds/kubernetes.ts';
import { Forbidden } from '../../kube/errors.ts';
import { secrets } from '../../kube/resources.ts';
import type { World } from '../../kube/world.ts';
import { InputError } from '../../lib/errors.ts';
import type { Experience } from '../../planner/types.ts';
import type { Reconciler } from '../runtime.ts';
import { type ApplyPorts, apply } from './apply.ts';
import { decide } from './decide.ts';
import { type GatherPorts, gather } from './gather.ts';
import type { ExperienceSink, Planner } from './ports.ts';
import { type Answers, type Decision, isQuestion, type Question, type View } from './view.ts';

export interface TaskPorts extends Omit<GatherPorts, 'refusals'>, ApplyPorts {
  readonly planner: Planner;
  readonly experience: ExperienceSink;
  /** Told of an experience that could not be stored for now; the task tries again. */
  readonly onExperienceLost: (error: unknown) => void;
}

export const taskReconciler = (ports: TaskPorts): Reconciler<View, Question, Decision> => ({
  kind: 'FineTuneTask',
  gather: (key) => gather(key, ports),
  decide,
  questionIn: ({ actions }) => actions.find(isQuestion),
  answer: async (view, question) => ({
    ...view,
    answers: { ...view.answers, ...(await answerTo(question, view, ports)) },
  }),
  apply: (view, decision) => apply(view, decision, ports),
});

async function answerTo(question: Question, view: View, ports: TaskPorts): Promise<Answers> {
  switch (question.do) {
    case 'look':
      return { missingSecrets: await missingOf(question.secrets, view.task.metadata.namespace, ports.world) };
    case 'plan':
      return { plan: await ports.planner.plan(question.input) };
    case 'storeExperience':
      return { experience: await kept(question.experience, ports) };
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
  { experience: sink, onExperienceLost }: TaskPorts,
): Promise<NonNullable<Answers['experience']>> {
  try {
    await sink.add(experience);
    return 'kept';
  } catch (error) {
    onExperienceLost(error);
    return error instanceof InputError ? 'refused' : 'failed';
  }
}
