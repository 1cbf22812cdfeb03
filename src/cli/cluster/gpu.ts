import { InputError } from '../../lib/errors.ts';
import type { GpuRequest } from './draft.ts';

/** What `--gpu` alone asks for. */
export const defaultGpu: GpuRequest = { name: 'nvidia.com/gpu' };

/** A parser for commander: `nvidia.com/gpu`, `nvidia.com/mig-1g.10gb:2`, or a bare count. */
export function parseGpu(text: string): GpuRequest {
  if (/^\d+$/.test(text)) return { ...defaultGpu, count: count(text, text) };
  const [, name, number] = /^([a-z0-9][-a-z0-9.]*\/[\w.-]+)(?::(\d+))?$/.exec(text) ?? [];
  if (name === undefined) {
    throw new InputError(
      `The value "${text}" of --gpu is not a resource.`,
      'Write --gpu alone, --gpu COUNT, or --gpu RESOURCE[:COUNT] such as nvidia.com/mig-1g.10gb:2; put it after the data set.',
    );
  }
  return { name, ...(number === undefined ? {} : { count: count(number, text) }) };
}

function count(digits: string, text: string): number {
  const value = Number(digits);
  if (value >= 1 && value <= 16) return value;
  throw new InputError(`The value "${text}" of --gpu asks for ${digits} GPUs.`, 'Ask for 1 to 16 GPUs.');
}
