import type { StepTask } from './protocol.ts';

/** Points of the search space that differ in what a step spends its time on; 1.0 to 1.5 M parameters. */
export const architectures: Readonly<Record<string, string>> = {
  // conv1, conv3, conv1 at half width: matrix multiplications
  dense: '11011-_32_1-21-21-2111@2',
  // conv1, depthwise conv3, conv1 at full width: memory traffic
  depthwise: '12421-_32_1-21-411-21@2',
  // conv1, conv3 in 4 groups whose input is concatenated behind its output, conv1
  'grouped+concat': '12311-c12_32_1-21-21-2111@2',
};

export const taskOf = (encoding: string): StepTask => ({ encoding, classes: 100, size: 64, batch: 64, threads: 2 });
