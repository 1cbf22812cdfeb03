/** From the flags of `nasoa submit` to a FineTuneTask, checked before anybody is asked. */
import { fineTuneTaskSpec } from '../../crds/fine-tune-task.ts';
import { apiVersion } from '../../crds/group.ts';
import { parse } from '../../crds/parse.ts';
import { InputError } from '../../lib/errors.ts';
import { regimeOptions, regimeOverrides } from '../regime-options.ts';
import type { ClusterOptions } from './options.ts';
import { isArchiveName, nameFor, parsePlace, type WrittenPlace } from './places.ts';

/** The options of `submit`, as commander gives them. */
export interface SubmitOptions extends ClusterOptions {
  /** Seconds. */
  readonly budget?: number;
  readonly targetAccuracy?: number;
  readonly prefer?: string;
  readonly replan?: boolean;
  readonly pricePerHour?: number;
  readonly maxCost?: number;
  /** Name of a ModelZoo. */
  readonly zoo?: string;
  readonly member?: readonly string[];
  readonly seed?: number;
  readonly valShare?: number;
  readonly archive?: boolean;
  readonly dataSecret?: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly output: string;
  readonly outputSecret?: string;
  readonly outputEndpoint?: string;
  readonly outputRegion?: string;
  readonly name?: string;
  readonly gpu?: GpuRequest;
  readonly cpu?: string;
  readonly memory?: string;
  readonly queue?: string;
}

export interface GpuRequest {
  readonly name?: string;
  readonly count?: number;
}

/** A task as one applies it: what was asked for, without the defaults that the API server fills in. */
export interface TaskDraft {
  readonly apiVersion: typeof apiVersion;
  readonly kind: 'FineTuneTask';
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** As for `nasoa tune`; where a cost is the limit, it is the only one unless a time is given too. */
const defaultBudgetSeconds = 300;

/** Throws InputError that names the flag. */
export function draftTask(data: string, options: SubmitOptions): TaskDraft {
  const source = parsePlace(data, "The data set's place");
  const target = parsePlace(options.output, 'The place of --output');
  refuseContradictions(source, target, options);
  const { pricePerHour, targetAccuracy, maxCost, zoo, member, seed, queue } = options;
  const seconds = options.budget ?? (maxCost === undefined ? defaultBudgetSeconds : undefined);
  const regime = regimeOverrides({ ...options });
  const resources = without({ gpu: options.gpu, cpu: options.cpu, memory: options.memory });
  const spec = without({
    zooRef: zoo === undefined ? undefined : { name: zoo },
    data: dataOf(source, options),
    budget: without({
      time: seconds === undefined ? undefined : durationText(seconds),
      pricePerHour,
      targetAccuracy,
      maxCost,
    }),
    prefer: options.prefer === 'balanced' ? undefined : options.prefer,
    replan: options.replan,
    regime: Object.keys(regime).length === 0 ? undefined : regime,
    members: member,
    seed,
    resources: Object.keys(resources).length === 0 ? undefined : resources,
    queueName: queue,
    output: outputOf(target, source, options),
  });
  namingFlags(() => parse(fineTuneTaskSpec, spec, 'spec'));
  return { apiVersion, kind: 'FineTuneTask', metadata: { name: options.name ?? nameFor(source) }, spec };
}

function refuseContradictions(source: WrittenPlace, target: WrittenPlace, options: SubmitOptions): void {
  const { archive, dataSecret, outputSecret, outputEndpoint, outputRegion, endpoint, region } = options;
  if (archive === true && source.kind === 'claim' && source.path === undefined) {
    throw new InputError('The option --archive needs the path of the archive.', 'Write claim:NAME/PATH.');
  }
  if (options.maxCost !== undefined && options.pricePerHour === undefined) {
    const remedy = 'Give --price-per-hour as well: the price of an hour of one pod, in the same currency.';
    throw new InputError('The option --max-cost was given without --price-per-hour.', remedy);
  }
  const anyS3 = source.kind === 's3' || target.kind === 's3';
  const idle: readonly (readonly [string, unknown, boolean, string])[] = [
    ['--data-secret', dataSecret, source.kind === 's3', 'the data set lies in a claim'],
    ['--endpoint', endpoint, anyS3, 'nothing lies in S3'],
    ['--region', region, anyS3, 'nothing lies in S3'],
    ['--output-secret', outputSecret, target.kind === 's3', 'the output is a claim'],
    ['--output-endpoint', outputEndpoint, target.kind === 's3', 'the output is a claim'],
    ['--output-region', outputRegion, target.kind === 's3', 'the output is a claim'],
  ];
  for (const [option, value, isOfUse, why] of idle) {
    if (value !== undefined && !isOfUse) {
      throw new InputError(
        `The option ${option} was given, but ${why}.`,
        `Leave ${option} out, or name a place in S3.`,
      );
    }
  }
}

function dataOf(source: WrittenPlace, options: SubmitOptions): object {
  const { archive = isArchiveName(source), dataSecret, endpoint, region, valShare } = options;
  const place =
    source.kind === 'claim'
      ? { claim: without({ claimName: source.claimName, path: source.path }) }
      : { s3: without({ url: source.url, endpoint, region, secretName: dataSecret }) };
  return without({ ...place, format: archive ? 'archive' : undefined, validationShare: valShare });
}

/** A single service of S3 is the common case: what is said of the data holds for the output as well. */
function outputOf(target: WrittenPlace, source: WrittenPlace, options: SubmitOptions): object {
  if (target.kind === 'claim') return { claim: without({ claimName: target.claimName, path: target.path }) };
  const { outputSecret = source.kind === 's3' ? options.dataSecret : undefined } = options;
  const endpoint = options.outputEndpoint ?? options.endpoint;
  const region = options.outputRegion ?? options.region;
  return { s3: without({ url: target.url, endpoint, region, secretName: outputSecret }) };
}

const without = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** Seconds in the API's words: `5400` -> `1h30m`; exact to the millisecond. */
export function durationText(seconds: number): string {
  const units = [86_400_000, 3_600_000, 60_000] as const;
  let left = Math.max(1, Math.round(seconds * 1000));
  const parts = units.map((unit, i) => {
    const count = Math.floor(left / unit);
    left -= count * unit;
    return count === 0 ? '' : `${count}${'dhm'[i]}`;
  });
  return `${parts.join('')}${left === 0 ? '' : `${left / 1000}s`}`;
}

/** Where a field comes from; the longest path that fits counts. */
const flags: Readonly<Record<string, string>> = {
  'spec.data': 'The place of the data set',
  'spec.data.s3.endpoint': '--endpoint',
  'spec.data.s3.region': '--region',
  'spec.data.s3.secretName': '--data-secret',
  'spec.data.format': '--archive',
  'spec.data.validationShare': '--val-share',
  'spec.budget': '--budget',
  'spec.budget.pricePerHour': '--price-per-hour',
  'spec.budget.maxCost': '--max-cost',
  'spec.prefer': '--prefer',
  'spec.budget.targetAccuracy': '--target-accuracy',
  'spec.zooRef': '--zoo',
  'spec.members': '--member',
  'spec.seed': '--seed',
  'spec.resources.gpu': '--gpu',
  'spec.resources.cpu': '--cpu',
  'spec.resources.memory': '--memory',
  'spec.queueName': '--queue',
  'spec.output': '--output',
  'spec.output.s3.endpoint': '--output-endpoint',
  'spec.output.s3.region': '--output-region',
  'spec.output.s3.secretName': '--output-secret',
  ...Object.fromEntries(Object.entries(regimeOptions).map(([key, { flag }]) => [`spec.regime.${key}`, flag])),
};

export const flagOf = (path: string): string | undefined => {
  const fitting = Object.keys(flags).filter(
    (known) => path === known || (/^[.[]/.test(path.slice(known.length)) && path.startsWith(known)),
  );
  return flags[fitting.sort((a, b) => b.length - a.length)[0] ?? ''];
};

/** The schema speaks of fields; who sits at a terminal knows flags. */
function namingFlags(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const [, path = '', complaint = ''] = /^(spec[\w.[\]]*): (.*)$/s.exec(error.message) ?? [];
    const flag = flagOf(path);
    if (flag === undefined) throw error;
    const option = complaint === 'is missing.' ? 'The option' : 'The value of';
    const what = flag.startsWith('--') ? `${option} ${flag}` : flag;
    const message = /^[a-z]/.test(complaint) ? `${what} ${complaint}` : `${what}: ${complaint}`;
    throw new InputError(message, '"nasoa submit --help" describes the options and the two forms of a place.', {
      cause: error,
    });
  }
}
