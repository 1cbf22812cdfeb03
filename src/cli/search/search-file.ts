/** `state.json` of a search on one machine: all that it knows, so that it goes on after a kill at any moment. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../lib/atomic-file.ts';
import { hasCode, InputError } from '../../lib/errors.ts';
import type { Processor } from '../../lib/processor.ts';
import type { Ladder, RungResult } from '../../nas/ladder.ts';
import { type Nsga2State, nsga2Search } from '../../nas/nsga2.ts';

export const searchNames = { state: 'state.json', report: 'report.html' } as const;

/** What of the data a search that goes on has to find again. */
export interface SearchedData {
  readonly name: string;
  readonly classes: number;
  readonly train: number;
  readonly validation: number;
}

/** What was measured of a candidate before any training. */
export interface MeasuredCandidate {
  readonly id: number;
  readonly stepSeconds: number;
  readonly parametersM: number;
  readonly macsM: number;
}

/** Choices that candidates can only be compared under if all share them. */
export interface TrainingChoices {
  readonly seed: number;
  /** Of a training in full; a small data set may give fewer. */
  readonly steps: number;
  readonly ladder: Ladder;
}

export interface SearchFile {
  readonly kind: 'nasoa-search';
  readonly version: 1;
  readonly data: SearchedData;
  readonly training: TrainingChoices;
  readonly search: Nsga2State;
  readonly measured: readonly MeasuredCandidate[];
  readonly rungs: readonly RungResult[];
  /** Over all runs, while candidates were evaluated. */
  readonly activeSeconds: number;
  readonly machine: Processor;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** Undefined where the folder holds no search. Throws InputError where it cannot be used. */
export async function readSearchFile(folder: string): Promise<SearchFile | undefined> {
  const path = join(folder, searchNames.state);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
  const raw = parsed(text) as Partial<SearchFile> | null | undefined;
  if (raw?.kind !== 'nasoa-search' || raw.version !== 1 || !Array.isArray(raw.rungs)) {
    throw new InputError(`The file "${path}" is no search of this version.`, 'Give --out another folder.');
  }
  return { ...(raw as SearchFile), search: nsga2Search.read(raw.search) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const writeSearchFile = (folder: string, file: SearchFile): Promise<void> =>
  writeFileAtomic(join(folder, searchNames.state), `${JSON.stringify(file)}\n`);
