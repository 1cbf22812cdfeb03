/** What an installation sets, from the environment of the operator's container; docs/operations.md describes each. */
import { hostname } from 'node:os';
import type { TrainerSettings } from '../../controllers/settings.ts';
import { InputError } from '../../lib/errors.ts';
import { holderIdentity } from '../../server/leader.ts';
import { type LogLevel, logLevels } from '../../server/logger.ts';
import { nasoaVersion } from '../version.ts';

export interface OperatorSettings {
  readonly podName: string;
  /** Tells this process from all others, and others where it is. */
  readonly identity: string;
  /** Namespaces to serve; empty: all. */
  readonly namespaces: readonly string[];
  /** Of the operator itself. */
  readonly namespace: string;
  readonly lease: { readonly namespace: string; readonly name: string };
  readonly certificateSecret: string;
  readonly trainer: TrainerSettings;
  /** Health and metrics, and reports of pods; 0 takes a free port. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Objects reconciled at a time. */
  readonly workers: number;
  /** Candidates that are judged for each plan, and threads that judge them. */
  readonly candidates: number;
  readonly planningThreads: number;
  /** Whether namespaces learn from each other's runs. */
  readonly sharesExperience: boolean;
  /** Requests to the API server a second. */
  readonly requestRate: number;
  readonly logLevel: LogLevel;
}

/** Where the trainer's images keep their zoo, and whom they run as. */
const zooFolder = '/app/zoo/default';
const userId = 65_532;
const pullPolicies = ['Always', 'IfNotPresent', 'Never'] as const;

/** Throws InputError that names the variable. */
export function operatorSettings(env: NodeJS.ProcessEnv): OperatorSettings {
  const read = new Variables(env);
  const podName = read.text('POD_NAME', hostname());
  const namespace = read.text('POD_NAMESPACE', 'default');
  const version = nasoaVersion();
  return {
    ...{ podName, namespace },
    identity: holderIdentity(podName, read.text('POD_IP', '127.0.0.1')),
    namespaces: read.list('NASOA_NAMESPACES'),
    lease: {
      namespace: read.text('NASOA_LEASE_NAMESPACE', namespace),
      name: read.text('NASOA_LEASE_NAME', 'nasoa'),
    },
    certificateSecret: read.text('NASOA_CERTIFICATE_SECRET', 'nasoa-serving'),
    trainer: {
      image: read.text('NASOA_TRAINER_IMAGE', `nasoa-trainer:${version}-cpu`),
      gpuImage: read.text('NASOA_TRAINER_GPU_IMAGE', `nasoa-trainer:${version}-gpu`),
      imagePullPolicy: read.oneOf('NASOA_TRAINER_PULL_POLICY', pullPolicies, 'IfNotPresent'),
      cpu: read.text('NASOA_TRAINER_CPU', '2'),
      memory: read.text('NASOA_TRAINER_MEMORY', '4Gi'),
      ...{ zooFolder, userId },
      reportAddress: read.url('NASOA_PROGRESS_URL', `https://nasoa.${namespace}.svc:8443`),
    },
    httpPort: read.whole('NASOA_HTTP_PORT', 8080, 0, 65_535),
    httpsPort: read.whole('NASOA_HTTPS_PORT', 8443, 0, 65_535),
    workers: read.whole('NASOA_WORKERS', 16, 1, 256),
    candidates: read.whole('NASOA_CANDIDATES', 1000, 16, 100_000),
    planningThreads: read.whole('NASOA_PLANNING_THREADS', 1, 1, 16),
    sharesExperience: read.oneOf('NASOA_SHARE_EXPERIENCE', ['true', 'false'], 'false') === 'true',
    requestRate: read.whole('NASOA_REQUEST_RATE', 500, 1, 100_000),
    logLevel: read.oneOf('NASOA_LOG_LEVEL', logLevels, 'info'),
  };
}

/** An empty variable counts as one that is not there. */
class Variables {
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  text(name: string, otherwise: string): string {
    const value = this.#env[name]?.trim() ?? '';
    return value === '' ? otherwise : value;
  }

  list(name: string): readonly string[] {
    const names = this.text(name, '').split(',');
    return [...new Set(names.map((one) => one.trim()).filter((one) => one !== ''))];
  }

  whole(name: string, otherwise: number, min: number, max: number): number {
    const text = this.text(name, String(otherwise));
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw wrong(name, text, `Set it to a whole number from ${min} to ${max}.`);
  }

  oneOf<T extends string>(name: string, words: readonly T[], otherwise: T): T {
    const text = this.text(name, otherwise);
    const found = words.find((word) => word === text);
    if (found === undefined) throw wrong(name, text, `Set it to one of: ${words.join(', ')}.`);
    return found;
  }

  url(name: string, otherwise: string): string {
    const text = this.text(name, otherwise);
    if (URL.canParse(text) && new URL(text).protocol === 'https:') return text.replace(/\/+$/, '');
    throw wrong(name, text, 'Set it to an address that begins with https://.');
  }
}

const wrong = (name: string, value: string, remedy: string): InputError =>
  new InputError(`The environment variable ${name} is "${value}", which cannot be used.`, remedy);
