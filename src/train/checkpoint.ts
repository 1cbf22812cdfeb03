/** An unfinished run on disk: one safetensors file with the session's variables, and what else it needs as metadata. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { hasCode, InputError } from '../lib/errors.ts';
import { float32Tensor, toFloat32 } from '../nas/host-tensor.ts';
import { decodeSafetensors, encodeSafetensors } from '../nas/safetensors.ts';
import type { CurvePoint } from './result.ts';

/** How far a run is. */
export interface Progress {
  /** Steps done. */
  readonly step: number;
  /** Steps that the run now has: those planned, or what fits into the time. */
  readonly steps: number;
  /** Active seconds used, those of earlier processes included. */
  readonly activeSeconds: number;
  /** Of them, seconds that training waited for data. */
  readonly waitedSeconds: number;
  /** Of them, seconds in the training loop. */
  readonly trainingSeconds: number;
  /** Of them, seconds of evaluations during the run. */
  readonly evaluationSeconds: number;
  /** Times the run went on from a checkpoint. */
  readonly resumed: number;
  /** The schedule was cut: the run stays as short as it is. */
  readonly isAnnealed?: boolean;
  readonly curve: readonly CurvePoint[];
}

export const freshProgress = (steps: number): Progress => ({
  step: 0,
  steps,
  activeSeconds: 0,
  waitedSeconds: 0,
  trainingSeconds: 0,
  evaluationSeconds: 0,
  resumed: 0,
  curve: [],
});

export interface Checkpoint {
  readonly progress: Progress;
  /** What was decided before the first step; it must fit the run that goes on. */
  readonly decision: string;
  /** The session's variables by name, in TensorFlow's layout. */
  readonly state: ReadonlyMap<string, Float32Array>;
}

const version = '1';
const fileIn = (folder: string): string => join(folder, 'state.safetensors');

/** Replaces the checkpoint in `folder`; a kill at any moment leaves the old one or the new one. */
export async function writeCheckpoint(folder: string, c: Checkpoint): Promise<void> {
  const tensors = new Map([...c.state].map(([name, data]) => [name, float32Tensor([data.length], data)]));
  const metadata = { version, progress: JSON.stringify(c.progress), decision: c.decision };
  await writeFileAtomic(fileIn(folder), encodeSafetensors(tensors, metadata));
}

/** The checkpoint in `folder`, undefined where there is none; InputError where it cannot be used. */
export async function readCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const file = fileIn(folder);
  const bytes = await readFile(file).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (!bytes) return undefined;
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  if (metadata['version'] !== version) {
    throw new InputError(`The checkpoint ${file} is of another version of nasoa.`, 'Remove its folder and begin anew.');
  }
  const progress = parseProgress(metadata['progress'] ?? '', file);
  const state = new Map([...tensors].map(([name, tensor]) => [name, toFloat32(tensor)]));
  return { progress, decision: metadata['decision'] ?? '', state };
}

function parseProgress(text: string, file: string): Progress {
  const counts = ['step', 'steps', 'activeSeconds', 'waitedSeconds', 'trainingSeconds', 'evaluationSeconds', 'resumed'];
  try {
    const raw = JSON.parse(text) as Progress & Record<string, unknown>;
    if (Array.isArray(raw.curve) && counts.every((name) => Number.isFinite(raw[name]))) return raw;
  } catch {
    // told below
  }
  throw new InputError(`The checkpoint ${file} is damaged.`, 'Remove its folder and begin anew.');
}

/** The checkpoint alone: what else lies in the folder stays. */
export const dropCheckpoint = (folder: string): Promise<void> => rm(fileIn(folder), { force: true });

/** The folder, with all that lies in it. */
export const removeCheckpoint = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });
