/** What a pod leaves for those after it: its checkpoint, its profile, its result, and its last word. */
import { rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Artifact } from '../../crds/storage.ts';
import { parseTrainerMessage } from '../../crds/trainer-codec.ts';
import type { TrainerJob, TrainerMessage, TrainerOutput } from '../../crds/trainer-job.ts';
import { InputError } from '../../lib/errors.ts';
import type { DatasetFeatures } from '../../planner/types.ts';
import type { ArtifactStore } from '../../store/artifacts.ts';
import { removeCheckpoint } from '../../train/checkpoint.ts';
import { outputNames } from '../../train/result.ts';
import { type CheckpointMirror, checkpointMirror, noMirror } from './checkpoint-mirror.ts';
import type { PodContext } from './context.ts';

/** What a profile leaves for the training. */
export interface KeptProfile {
  readonly features: DatasetFeatures;
  /** Active seconds that it took. */
  readonly seconds: number;
}

export interface PodOutput {
  /** Folder on this machine that results are written into. */
  readonly folder: string;
  /** Folder on this machine for the unfinished run. */
  readonly checkpoint: string;
  /** Carries checkpoints to where they outlive the pod. */
  readonly mirror: CheckpointMirror;
  /** The last word of an earlier pod of this object that came to its end but was not heard. */
  finished(): Promise<TrainerMessage | undefined>;
  /** Brings the checkpoint of an earlier pod here. */
  restore(): Promise<void>;
  readProfile(): Promise<KeptProfile | undefined>;
  writeProfile(profile: KeptProfile): Promise<void>;
  /** Puts the results where they are to stay. */
  publish(): Promise<Artifact>;
  /** Puts a small file beside them; it appears whole or not at all. */
  writeText(name: string, text: string): Promise<void>;
  /** To be written last: with it everything is there. */
  writeFinished(message: TrainerMessage): Promise<void>;
  /** Removes the checkpoint, here and where it was carried to. What cannot be removed there stays: the work is done. */
  removeCheckpoint(): Promise<void>;
}

/** Beside what `nasoa tune` writes. */
const names = { finished: 'trainer.json', profile: 'profile.json' } as const;

/** Throws InputError where the output is not described, and what the store throws. */
export async function openOutput(job: Pick<TrainerJob, 'output' | 'task'>, context: PodContext): Promise<PodOutput> {
  const { clock, log } = context;
  const { place, folder } = job.output;
  const { uid } = job.task;
  const artifact = placeOfArtifact(job.output);
  const store = await context.openStore(place, 'output');
  const key = (name: string): string => posix.join(folder, name);
  const isLocal = place.kind === 'folder';
  const own = isLocal ? join(place.path, folder) : join(context.scratch, 'output');
  const checkpoint = isLocal ? join(own, outputNames.checkpoint) : join(context.scratch, outputNames.checkpoint);
  const remote = { store, prefix: key(outputNames.checkpoint) };
  return {
    ...{ folder: own, checkpoint },
    mirror: isLocal ? noMirror : checkpointMirror({ ...remote, ...{ folder: checkpoint, clock, log } }),
    finished: () => readOwn(store, key(names.finished), uid, ({ message }) => parseTrainerMessage(message)),
    restore: async () => {
      if (isLocal) return;
      await rm(checkpoint, { recursive: true, force: true });
      const kept = await store.list(remote.prefix);
      if (kept.length > 0) await store.download(remote.prefix, checkpoint);
    },
    // the operator of the same version reads it, so what was written is trusted
    readProfile: () => readOwn(store, key(names.profile), uid, ({ profile }) => profile as KeptProfile | undefined),
    writeProfile: (profile) => store.writeText(key(names.profile), `${JSON.stringify({ uid, profile })}\n`),
    publish: async () => {
      if (!isLocal) await store.upload(own, folder);
      return { ...artifact, bytes: await bytesOf(store, folder) };
    },
    writeText: (name, text) => store.writeText(key(name), text),
    writeFinished: (message) => store.writeText(key(names.finished), `${JSON.stringify({ uid, message })}\n`),
    removeCheckpoint: async () => {
      await removeCheckpoint(checkpoint);
      if (isLocal) return;
      try {
        await store.remove(remote.prefix);
      } catch (error) {
        log.warn('The checkpoint cannot be removed', { error });
      }
    },
  };
}

/** A record of ours; undefined where there is none, or one of another object or of another version. */
async function readOwn<T>(
  store: ArtifactStore,
  key: string,
  uid: string,
  read: (record: Readonly<Record<string, unknown>>) => T | undefined,
): Promise<T | undefined> {
  const text = await store.readText(key);
  if (text === undefined) return undefined;
  try {
    const record: unknown = JSON.parse(text);
    if (typeof record !== 'object' || record === null || !('uid' in record) || record.uid !== uid) return undefined;
    return read({ ...record });
  } catch {
    // half of it, or another program's: as if it were not there
    return undefined;
  }
}

/** Where the results are, as a status names it. Throws InputError where that cannot be told. */
function placeOfArtifact({ place, folder, claim }: TrainerOutput): Artifact {
  if (place.kind === 's3') return { url: `${place.url.replace(/\/+$/, '')}/${folder}` };
  if (claim !== undefined) return { claim: { claimName: claim.claimName, path: posix.join(claim.path, folder) } };
  throw new InputError(
    'The job names no claim for its output.',
    'Run the trainer image of the same version as the operator.',
  );
}

/** Bytes of all files of the results, the checkpoint aside. */
async function bytesOf(store: ArtifactStore, folder: string): Promise<number> {
  const checkpoint = `${posix.join(folder, outputNames.checkpoint)}/`;
  const objects = await store.list(folder);
  return objects.reduce((sum, { key, bytes }) => (key.startsWith(checkpoint) ? sum : sum + bytes), 0);
}
