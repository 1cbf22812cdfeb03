import { coverage } from '../../src/planner/predictors/contract.ts';
import { atLeast, atMost, type Claim, type Row } from '../lib/results.ts';
import { mean, standardError } from '../lib/statistics.ts';
import { allowedSeconds, hasHeld } from '../tune/report.ts';
import { type ArmName, armNames, budgetSeconds, type Found, fixedNames, leadingNames, searchMultiple } from './arms.ts';
import { type Best, bestWithin } from './bohb.ts';

export type Run = Found & {
  readonly task: string;
  readonly arm: ArmName;
  /** Processor, with family and model: of one name there are slower and faster ones. */
  readonly cpu: string;
};

export const columns: Readonly<Record<string, string>> = {
  tasks:
    'part of a data set; "all", "searched" and the thirds of the stream are means: over all tasks, over those that BOHB was run on, and over the first, second and last part of the stream',
  arm: 'what spent the budget: nasoa tune, which learns from one task to the next; the same with --replan, run again only where something within the run was below what was predicted, for elsewhere it is the same run; the default regime of a member, or its default regime that trains everything; the best of the defaults that every task had, over all tasks, and for each task; any member and regime of the same space; BOHB over these live, at one and ten times the budget, its images decoded for nothing: its best trial by four fifths of the validation split on the last fifth, for each fifth, and by all of it on all of it',
  accuracy: 'top-1 on the validation split, in percent',
  lead: 'of nasoa tune on the same tasks, in points',
  predicted: 'accuracy that the plan predicted, in percent',
  low: 'lower end of the predicted interval',
  high: 'upper end of the predicted interval',
  member: 'network',
};

/** One way to see the runs: an arm, or what could be told afterwards only. */
interface View {
  readonly title: string;
  /** Accuracy on a task, 0 to 1; undefined where it was not run. */
  readonly of: (task: string) => number | undefined;
}

/** A share in percent. */
const percent = (share: number): number => Number((100 * share).toFixed(2));

const runsBy = (runs: readonly Run[]) => {
  const byKey = new Map(runs.map((run) => [`${run.task} ${run.arm}`, run]));
  return (task: string, arm: ArmName): Run | undefined => byKey.get(`${task} ${arm}`);
};

const planned = 'nasoa tune';
const bestDefault = 'best default in hindsight';
const titleOfDefault = (arm: ArmName): string => `default of ${arm}`;
const bohbAt = (multiple: number): string => `BOHB at ${multiple}x`;
const bohbSeenAt = (multiple: number): string => `${bohbAt(multiple)}, by the images that chose`;
const multiples = [1, searchMultiple] as const;

function viewsOf(runs: readonly Run[], tasks: readonly string[]): readonly View[] {
  const runOf = runsBy(runs);
  const accuracy = (arm: ArmName) => (task: string) => runOf(task, arm)?.accuracy;
  const defaultOf = (arm: ArmName): View => ({ title: titleOfDefault(arm), of: accuracy(arm) });
  const [fixed, leading] = [fixedNames.map(defaultOf), leadingNames.map(defaultOf)];
  const best = leading.toSorted((a, b) => meanOf(b, tasks) - meanOf(a, tasks))[0] as View;
  const searchedWithin = (multiple: number, by: keyof Best) => (task: string) => {
    const trials = runOf(task, 'bohb')?.trials;
    return trials && bestWithin(trials, multiple * budgetSeconds)[by];
  };
  return [
    { title: planned, of: accuracy('tune') },
    { title: `${planned} --replan`, of: (task) => (runOf(task, 'replan') ?? runOf(task, 'tune'))?.accuracy },
    { title: bestDefault, of: best.of },
    {
      title: 'best default of each task',
      of: (task) => {
        const found = leading.flatMap((view) => view.of(task) ?? []);
        return found.length === leading.length ? Math.max(...found) : undefined;
      },
    },
    ...fixed,
    { title: 'random choice', of: accuracy('drawn') },
    ...multiples.map((multiple) => ({ title: bohbAt(multiple), of: searchedWithin(multiple, 'held') })),
    ...multiples.map((multiple) => ({ title: bohbSeenAt(multiple), of: searchedWithin(multiple, 'seen') })),
  ];
}

/** NaN where it was run on none. */
const meanOf = ({ of }: View, tasks: readonly string[]): number => mean(tasks.flatMap((task) => of(task) ?? []));

/** Leads of the first view over another on the tasks that both were run on. */
function leadsOf(views: readonly View[], { of }: View, tasks: readonly string[]): readonly number[] {
  return tasks.flatMap((task) => {
    const [own, other] = [views[0]?.of(task), of(task)];
    return own === undefined || other === undefined ? [] : [own - other];
  });
}

/** Means over all tasks, over those that were searched, over thirds of the stream, and every task. */
export function rowsOf(runs: readonly Run[], tasks: readonly string[]): readonly Row[] {
  const views = viewsOf(runs, tasks);
  const runOf = runsBy(runs);
  const thirds = ['first', 'second', 'last'].map((name, i) => ({
    name: `${name} third`,
    of: tasks.slice(Math.round((i * tasks.length) / 3), Math.round(((i + 1) * tasks.length) / 3)),
  }));
  const parts = [
    { name: 'all', of: tasks },
    { name: 'searched', of: tasks.filter((task) => runOf(task, 'bohb')) },
    ...thirds,
  ];
  const none = { predicted: null, low: null, high: null, member: null };
  const means = parts.flatMap(({ name, of }) =>
    views
      .filter((view) => of.length > 0 && of.every((task) => view.of(task) !== undefined))
      .map((view) => ({
        ...{ tasks: name, arm: view.title, accuracy: percent(meanOf(view, of)) },
        ...{ lead: percent(mean(leadsOf(views, view, of))), ...none },
      })),
  );
  const single = tasks.flatMap((task) =>
    armNames.flatMap((arm): readonly Row[] => {
      const run = runOf(task, arm);
      if (!run) return [];
      const { accuracy, predicted, member } = run;
      const lead = (runOf(task, 'tune')?.accuracy ?? Number.NaN) - accuracy;
      return [
        {
          ...{ tasks: task, arm, accuracy: percent(accuracy), lead: percent(lead), member: member ?? null },
          predicted: predicted ? percent(predicted.accuracy) : null,
          low: predicted ? percent(predicted.low) : null,
          high: predicted ? percent(predicted.high) : null,
        },
      ];
    }),
  );
  return [...means, ...single];
}

/** Leads over each arm that was run, task by task. */
function comparisons(runs: readonly Run[], tasks: readonly string[]) {
  const views = viewsOf(runs, tasks);
  // each default too: what was run on some tasks alone cannot be the best of all
  const searches = [...multiples.map(bohbAt), ...multiples.map(bohbSeenAt)];
  return [bestDefault, ...fixedNames.map(titleOfDefault), 'random choice', ...searches].flatMap((title) => {
    const leads = leadsOf(views, views.find((view) => view.title === title) as View, tasks);
    return leads.length === 0 ? [] : [{ title, leads }];
  });
}

/** How sure the mean leads are. */
export const remarksOf = (runs: readonly Run[], tasks: readonly string[]): readonly string[] =>
  comparisons(runs, tasks).map(({ title, leads }) => {
    const [ahead, behind] = [leads.filter((lead) => lead > 0), leads.filter((lead) => lead < 0)];
    return `Over ${title}: ${percent(mean(leads))} points with a standard error of ${percent(standardError(leads))}, on ${leads.length} tasks; ahead on ${ahead.length}, behind on ${behind.length}.`;
  });

/** What the stream is for; an arm that was not run is not spoken of. */
export function claimsOf(runs: readonly Run[], tasks: readonly string[]): readonly Claim[] {
  const runOf = runsBy(runs);
  const compared = comparisons(runs, tasks).map(({ title, leads }) =>
    atLeast(`mean lead of ${planned} over ${title}, in points`, percent(mean(leads)), 0),
  );
  const own = tasks.flatMap((task) => runOf(task, 'tune') ?? []);
  const held = own.flatMap((run) => {
    const has = hasHeld(run);
    return has === undefined ? [] : [Number(has)];
  });
  if (held.length === 0) return compared;
  const overrun = Math.max(...own.map(({ seconds }) => seconds - budgetSeconds));
  return [
    ...compared,
    atMost(
      'coverage of the intervals away from its nominal value, in points',
      percent(Math.abs(mean(held) - coverage)),
      3,
    ),
    atMost('largest overrun, in seconds', Number(overrun.toFixed(3)), allowedSeconds(budgetSeconds)),
  ];
}
