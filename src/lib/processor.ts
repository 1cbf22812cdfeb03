import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

export interface Processor {
  /** As it calls itself. */
  readonly cpu: string;
  readonly cores: number;
}

export function processorHere(): Processor {
  const all = cpus();
  return { cpu: all[0]?.model.trim() ?? 'unknown', cores: all.length };
}

/** With family and model of the processor where Linux tells: some clouds call all of a make by one name. */
export function preciseProcessor(): Processor {
  const { cpu, cores } = processorHere();
  return { cpu: [cpu, ...modelNumbers()].join(', '), cores };
}

function modelNumbers(): readonly string[] {
  let text: string;
  try {
    text = readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return [];
  }
  const [family, model] = ['cpu family', 'model'].map((key) => new RegExp(`^${key}\\s*: (\\d+)$`, 'm').exec(text)?.[1]);
  return family === undefined || model === undefined ? [] : [`family ${family}, model ${model}`];
}
