import { expect, test } from '@jest/globals';
import { runCli } from '../support/run-cli.ts';

test('arch counts a published network as its table does', async () => {
  const { code, stdout, stderr } = await runCli(['arch', '031-_32_1-1-221-11121', '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const document = JSON.parse(stdout) as { parameters: number; macs: number; stages: { parameters: number }[] };
  expect(document.parameters / 1e6).toBeCloseTo(3.94, 1);
  expect(document.macs / 1e9).toBeCloseTo(0.39, 1);
  const inStages = document.stages.reduce((sum, stage) => sum + stage.parameters, 0);
  // the rest is the head
  expect(inStages).toBeLessThan(document.parameters);
});

test('arch draws the block and names the totals', async () => {
  const { code, stdout } = await runCli(['arch', '02031-a02_16_1-2-1', '--size', '64']);
  expect(code).toBe(0);
  for (const word of ['parameters', 'macs', 'activations', 'stage', '3×3 conv', 'add 0→2'])
    expect(stdout).toContain(word);
  expect(stdout).not.toContain('\u001b');
});

test('fewer classes make a smaller head', async () => {
  const [many, few] = await Promise.all(
    ['1000', '10'].map(async (classes) => {
      const { stdout } = await runCli(['arch', '0-_8_1', '--classes', classes, '--json']);
      return (JSON.parse(stdout) as { parameters: number }).parameters;
    }),
  );
  expect((many ?? 0) - (few ?? 0)).toBe(990 * 9);
});
