/**
 * What the step benchmark says to an engine's process: JSON lines, one request and one reply each.
 * Both sides, PyTorch's `peer.py` and our `ours.ts`, speak it.
 */
export type Precision = 'fp32' | 'bf16';

/** How an engine does the step; ours takes only the precision from it. */
export interface Variant {
  readonly layout: 'nchw' | 'channels_last';
  readonly compile: boolean;
  readonly precision: Precision;
}

export interface StepTask {
  readonly encoding: string;
  readonly classes: number;
  /** Side of the square input in pixels. */
  readonly size: number;
  readonly batch: number;
  readonly threads: number;
}

export type Request =
  | ({ readonly cmd: 'build'; readonly variant: Variant } & StepTask)
  | { readonly cmd: 'steps'; readonly count: number }
  | { readonly cmd: 'memory' }
  | { readonly cmd: 'close' };

export interface BuildReply {
  readonly versions: Readonly<Record<string, string>>;
}
export interface StepsReply {
  /** Of each step. */
  readonly seconds: readonly number[];
}
/** Resident memory of the engine's process. */
export interface MemoryReply {
  readonly peakBytes: number;
  readonly currentBytes: number;
}

/** The reply as an object, or the error that it carries, thrown. `who` is named in it. */
export function parseReply(line: string, who: string): Readonly<Record<string, unknown>> {
  let reply: unknown;
  try {
    reply = JSON.parse(line);
  } catch {
    reply = undefined;
  }
  if (!isRecord(reply)) throw new Error(`${who} replied "${line.slice(0, 200)}", which is no JSON object`);
  if (typeof reply.error === 'string') throw new Error(`${who}: ${reply.error}`);
  return reply;
}

export function asBuildReply(reply: Readonly<Record<string, unknown>>): BuildReply {
  const given = isRecord(reply.versions) ? reply.versions : {};
  return { versions: Object.fromEntries(Object.entries(given).map(([name, version]) => [name, String(version)])) };
}

export function asStepsReply(reply: Readonly<Record<string, unknown>>): StepsReply {
  const { seconds } = reply;
  if (!Array.isArray(seconds) || !seconds.every((s): s is number => typeof s === 'number' && s > 0)) {
    throw new Error('the reply to "steps" has no list of seconds');
  }
  return { seconds };
}

export function asMemoryReply(reply: Readonly<Record<string, unknown>>): MemoryReply {
  const { peakBytes, currentBytes } = reply;
  if (typeof peakBytes !== 'number' || typeof currentBytes !== 'number') {
    throw new Error('the reply to "memory" lacks peakBytes or currentBytes');
  }
  return { peakBytes, currentBytes };
}

/** A request of one line; throws on what is none. */
export function parseRequest(line: string): Request {
  const raw: unknown = JSON.parse(line);
  if (!isRecord(raw)) throw new Error('a request is a JSON object');
  if (raw.cmd === 'memory' || raw.cmd === 'close') return { cmd: raw.cmd };
  if (raw.cmd === 'steps') return { cmd: 'steps', count: positive(raw, 'count') };
  if (raw.cmd !== 'build') throw new Error(`unknown command ${JSON.stringify(raw.cmd)}`);
  if (typeof raw.encoding !== 'string') throw new Error('build needs an encoding');
  const variant = isRecord(raw.variant) ? raw.variant : {};
  return {
    cmd: 'build',
    encoding: raw.encoding,
    classes: positive(raw, 'classes'),
    size: positive(raw, 'size'),
    batch: positive(raw, 'batch'),
    threads: positive(raw, 'threads'),
    variant: {
      layout: variant.layout === 'nchw' ? 'nchw' : 'channels_last',
      compile: variant.compile === true,
      precision: variant.precision === 'bf16' ? 'bf16' : 'fp32',
    },
  };
}

function positive(raw: Readonly<Record<string, unknown>>, key: string): number {
  const value = raw[key];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) throw new Error(`${key} must be 1 or more`);
  return value;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
