import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

export interface Processor {
  /** As it calls itself, with family and model where Linux tells: some clouds call all of a make by one name. */
  readonly name: string;
  readonly cores: number;
}

export function processorHere(): Processor {
  const all = cpus();
  const name = all[0]?.model.trim() ?? 'unknown';
  return { name: [name, ...modelNumbers()].join(', '), cores: all.length };
}

function modelNumbers(): readonly string[] {
  let text: string;
  try {
    text = readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return [];
  }
  const numbers = [/^cpu family\s*: (\d+)$/m, /^model\s*: (\d+)$/m].map((pattern) => pattern.exec(text)?.[1]);
  const [family, model] = numbers;
  return family === undefined || model === undefined ? [] : [`family ${family}, model ${model}`];
}
