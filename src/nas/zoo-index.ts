import { InputError } from '../lib/errors.ts';
import type { MemberInfo, StepTime } from './member.ts';

/** What a member learnt before it came into the zoo. */
export interface Pretraining {
  /** Name of the data, and for people how the training went. */
  readonly data: string;
  readonly recipe: string;
  readonly epochs: number;
  /** Top-1 and top-5 on the data's validation split, 0 to 1. */
  readonly accuracy: number;
  readonly top5?: number;
}

/** A member as `index.json` records it. */
export interface MemberRecord extends MemberInfo {
  /** Name of the safetensors file beside the index. */
  readonly weights: string;
  /** Of that file, in hex. */
  readonly sha256: string;
  readonly pretraining: Pretraining;
  readonly licence: string;
  /** Where the weights come from. */
  readonly provenance: string;
  /** Classes of the weights' own head. */
  readonly classes: number;
  /** The device that `steps` were measured on, where it is known. */
  readonly measuredOn?: string;
  /** How `accuracy` was measured, where it is not the pre-training's own. */
  readonly accuracyBasis?: string;
}

/** `index.json` of a zoo. */
export interface ZooIndex {
  readonly version: 1;
  readonly name: string;
  readonly members: readonly MemberRecord[];
}

type Json = Readonly<Record<string, unknown>>;

/** The index that `text` holds. Throws InputError that names the file and the field. */
export function parseZooIndex(text: string, file: string): ZooIndex {
  const read = new Fields('zoo index', file);
  const root = read.object(read.json(text), 'the document');
  if (root.version !== 1) {
    throw new InputError(
      `The zoo index "${file}" has the version ${JSON.stringify(root.version)}, which this nasoa does not know.`,
      'Use a nasoa that is as new as the zoo, or a zoo with an index of version 1.',
    );
  }
  const members = read.list(root.members, 'members').map((raw, i) => member(read, raw, `members[${i}]`));
  const twice = members.find((m, i) => members.findIndex((other) => other.name === m.name) !== i);
  if (twice !== undefined) throw read.fault('members', `holds two members of the name "${twice.name}"`);
  return { version: 1, name: read.text(root.name, 'name'), members };
}

/** The record of a single member. Throws InputError that names the file and the field. */
export function parseMemberRecord(text: string, file: string): MemberRecord {
  const read = new Fields("member's record", file);
  return member(read, read.json(text), 'member');
}

function member(read: Fields, raw: unknown, at: string): MemberRecord {
  const m = read.object(raw, at);
  const stages = read.whole(m.stages, `${at}.stages`);
  const stageShare = read.list(m.stageShare, `${at}.stageShare`).map((s, i) => read.share(s, `${at}.stageShare[${i}]`));
  if (stageShare.length !== stages + 1) throw read.fault(`${at}.stageShare`, `needs ${stages + 1} numbers`);
  const weights = read.text(m.weights, `${at}.weights`);
  // an index may come from anywhere: it must not lead out of its folder
  if (!/^[\w.-]+$/.test(weights) || weights.startsWith('.')) throw read.fault(`${at}.weights`, 'is no plain file name');
  const sha256 = read.text(m.sha256, `${at}.sha256`);
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw read.fault(`${at}.sha256`, 'is no SHA-256 in hex');
  return {
    name: read.text(m.name, `${at}.name`),
    encoding: read.text(m.encoding, `${at}.encoding`),
    parametersM: read.positive(m.parametersM, `${at}.parametersM`),
    macsM: read.positive(m.macsM, `${at}.macsM`),
    nativeSize: read.whole(m.nativeSize, `${at}.nativeSize`),
    accuracy: read.share(m.accuracy, `${at}.accuracy`),
    stages,
    stageShare,
    ...(m.boundaryValues === undefined
      ? {}
      : { boundaryValues: perStage(read, m.boundaryValues, stages, `${at}.boundaryValues`) }),
    ...(m.stepValues === undefined ? {} : { stepValues: perStage(read, m.stepValues, stages, `${at}.stepValues`) }),
    steps: read.list(m.steps, `${at}.steps`).map((s, i) => stepTime(read, s, `${at}.steps[${i}]`)),
    weights,
    sha256,
    pretraining: pretraining(read, m.pretraining, `${at}.pretraining`),
    licence: read.text(m.licence, `${at}.licence`),
    provenance: read.text(m.provenance, `${at}.provenance`),
    classes: read.whole(m.classes, `${at}.classes`),
    ...(m.measuredOn === undefined ? {} : { measuredOn: read.text(m.measuredOn, `${at}.measuredOn`) }),
    ...(m.accuracyBasis === undefined ? {} : { accuracyBasis: read.text(m.accuracyBasis, `${at}.accuracyBasis`) }),
  };
}

function perStage(read: Fields, raw: unknown, stages: number, at: string): readonly number[] {
  const values = read.list(raw, at).map((v, i) => read.whole(v, `${at}[${i}]`));
  if (values.length !== stages + 1) throw read.fault(at, `needs ${stages + 1} numbers`);
  return values;
}

function stepTime(read: Fields, raw: unknown, at: string): StepTime {
  const s = read.object(raw, at);
  const { precision } = s;
  if (precision !== undefined && precision !== 'fp32' && precision !== 'bf16') {
    throw read.fault(`${at}.precision`, 'is neither fp32 nor bf16');
  }
  return {
    inputSize: read.whole(s.inputSize, `${at}.inputSize`),
    batchSize: read.whole(s.batchSize, `${at}.batchSize`),
    frozenStages: read.count(s.frozenStages, `${at}.frozenStages`),
    cachedFeatures: s.cachedFeatures === true,
    ...(precision === undefined ? {} : { precision }),
    seconds: read.positive(s.seconds, `${at}.seconds`),
  };
}

function pretraining(read: Fields, raw: unknown, at: string): Pretraining {
  const p = read.object(raw, at);
  return {
    data: read.text(p.data, `${at}.data`),
    recipe: read.text(p.recipe, `${at}.recipe`),
    epochs: read.count(p.epochs, `${at}.epochs`),
    accuracy: read.share(p.accuracy, `${at}.accuracy`),
    ...(p.top5 === undefined ? {} : { top5: read.share(p.top5, `${at}.top5`) }),
  };
}

/** Reads single fields out of unknown JSON; every complaint names the file and the place in it. */
class Fields {
  readonly #what: string;
  readonly #file: string;
  constructor(what: string, file: string) {
    this.#what = what;
    this.#file = file;
  }

  fault(at: string, why: string): InputError {
    return new InputError(
      `The ${this.#what} "${this.#file}" is wrong: ${at} ${why}.`,
      'Restore the zoo from where it came, or correct the index.',
    );
  }

  json(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw this.fault('the document', `is no JSON (${error instanceof Error ? error.message : String(error)})`);
    }
  }

  object(raw: unknown, at: string): Json {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw this.fault(at, 'is no object');
    return raw as Json;
  }

  list(raw: unknown, at: string): readonly unknown[] {
    if (!Array.isArray(raw)) throw this.fault(at, 'is no list');
    return raw;
  }

  text(raw: unknown, at: string): string {
    if (typeof raw !== 'string' || raw === '') throw this.fault(at, 'is no text');
    return raw;
  }

  count(raw: unknown, at: string): number {
    if (typeof raw !== 'number' || !Number.isFinite(raw) || raw < 0) throw this.fault(at, 'is no number from 0 on');
    return raw;
  }

  whole(raw: unknown, at: string): number {
    if (!Number.isInteger(raw) || this.count(raw, at) < 1) throw this.fault(at, 'is no whole number from 1 on');
    return Number(raw);
  }

  positive(raw: unknown, at: string): number {
    if (this.count(raw, at) === 0) throw this.fault(at, 'is no number above 0');
    return Number(raw);
  }

  share(raw: unknown, at: string): number {
    if (this.count(raw, at) > 1) throw this.fault(at, 'is no share from 0 to 1');
    return Number(raw);
  }
}
