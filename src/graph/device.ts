import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { preciseProcessor } from '../lib/processor.ts';
import { usesGpu } from './session.ts';

/** Where NVIDIA's driver for Linux describes its GPUs, a folder each. */
const driverFolder = '/proc/driver/nvidia/gpus';

/** What trains here, for people: the GPU where TensorFlow uses one, else the processor with its cores. */
export async function deviceHere(): Promise<string> {
  if (await usesGpu()) return gpuNames()[0] ?? 'a GPU';
  const { cpu, cores } = preciseProcessor();
  return `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}`;
}

/** None where the driver tells nothing, as in some containers. */
export function gpuNames(folder: string = driverFolder): readonly string[] {
  try {
    const texts = readdirSync(folder).map((gpu) => readFileSync(join(folder, gpu, 'information'), 'utf8'));
    return texts.flatMap((text) => /^Model:\s*(.+?)\s*$/m.exec(text)?.[1] ?? []);
  } catch {
    return [];
  }
}
