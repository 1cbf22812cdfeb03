import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runCli } from '../support/run-cli.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nasoa-cli-'));
  writeFileSync(join(folder, 'file.txt'), 'no images');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inFolder = (args: readonly string[]) =>
  runCli(args, { cwd: folder, env: { NASOA_DATA_DIR: join(folder, 'data') } });

describe('help', () => {
  test.each([
    [['--help'], ['tune', 'plan', 'predict', 'zoo', 'experience', 'arch', 'Examples:']],
    [
      ['tune', '--help'],
      ['--budget', '--out', '--resume', '--no-learn', '--learning-rate', '--json', 'Examples:'],
    ],
    [
      ['plan', '--help'],
      ['--budget', '--member', '--frozen-stages', 'Examples:'],
    ],
    [
      ['predict', '--help'],
      ['--top', 'Examples:'],
    ],
    [
      ['submit', '--help'],
      ['--output', '--data-secret', '--gpu', '--dry-run', '--wait', '--learning-rate', '--namespace', 'Examples:'],
    ],
    [
      ['status', '--help'],
      ['--watch', '--kubeconfig', '--context', 'Examples:'],
    ],
    [
      ['logs', '--help'],
      ['--follow', '--profile', '--tail', 'Examples:'],
    ],
    [
      ['get-model', '--help'],
      ['--out', '--from-secret', '--image', 'Examples:'],
    ],
    [
      ['zoo', '--help'],
      ['list', 'show', 'import', 'add', 'remove', 'verify'],
    ],
    [
      ['zoo', 'import', '--help'],
      ['--name', '--accuracy', 'fetched', 'Examples:'],
    ],
    [
      ['zoo', 'verify', '--help'],
      ['--weights', '--reference', '--gradients', '--train-reference'],
    ],
    [
      ['experience', '--help'],
      ['list', 'export', 'import'],
    ],
    [
      ['arch', '--help'],
      ['--size', 'Examples:'],
    ],
  ])('nasoa %j tells what there is and fits into 80 columns', async (args, words) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of words) expect(stdout).toContain(word);
    if (args.length === 1) expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test('the version is that of the package', async () => {
    const { code, stdout } = await runCli(['--version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('no command at all shows the help and counts as wrong input', async () => {
    const { code, stdout, stderr } = await runCli([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: nasoa');
  });
});

describe('wrong input exits with 2, one sentence and a remedy', () => {
  test.each([
    ['an unknown command', ['tun'], /Unknown command 'tun'/, /Did you mean tune/],
    ['an unknown command of a group', ['zoo', 'shwo', 'x'], /Unknown command 'shwo'/, /show/],
    ['an unknown option', ['arch', '0-_8_1', '--siz', '3'], /Unknown option '--siz'/, /--size/],
    ['a missing argument', ['tune'], /Missing required argument 'path'/, /--help/],
    ['too many arguments', ['tune', 'a', 'b'], /Too many arguments/, /--help/],
    ['an option without its value', ['tune', '.', '--budget'], /argument missing/, /--help/],
    ['a budget that is no time', ['tune', '.', '--budget', '5x'], /budget "5x" is not a duration/, /90s, 5m/],
    ['a budget of nothing', ['plan', '.', '--budget', '0s'], /budget "0s" is not positive/, /90s, 5m/],
    ['a negative budget', ['tune', '.', '--budget=-5m'], /budget "-5m" is not a duration/, /90s, 5m/],
    ['a seed that is no number', ['tune', '.', '--seed', 'x'], /"x" of --seed/, /whole number/],
    ['a share beyond 1', ['tune', '.', '--val-share', '1.5'], /"1.5" of --val-share/, /range/],
    ['a share in percent beyond its range', ['tune', '.', '--max-damaged', '120%'], /--max-damaged/, /range/],
    ['a learning rate that diverges', ['tune', '.', '--learning-rate', '1e3'], /--learning-rate/, /range/],
    ['a frozen half stage', ['tune', '.', '--frozen-stages', '1.5'], /"1.5" of --frozen-stages/, /whole number/],
    ['an unknown optimizer', ['plan', '.', '--optimizer', 'adam'], /"adam" of --optimizer/, /sgd, adamw/],
    ['a data set that is not there', ['tune', 'nowhere'], /no data set at "nowhere"/, /folder/],
    ['a data set below a file', ['tune', 'file.txt/images'], /no data set at/, /folder/],
    ['an output folder that is a file', ['tune', '.', '--out', 'file.txt'], /"file.txt" is a file/, /--out/],
    ['nothing to resume', ['tune', '.', '--resume'], /no unfinished run/, /--resume/],
    ['a model that is not there', ['predict', 'nowhere', 'a.png'], /no model at "nowhere"/, /nasoa tune/],
    ['no images to predict', ['predict', '.'], /Missing required argument 'image'/, /--help/],
    ['an encoding that is none', ['arch', '9-_8_1'], /wrong at character 1/, /0 to 6/],
    ['an unknown family', ['arch', 'resnet'], /No family/, /et-nas/],
    ['a local folder for a cluster', ['submit', '.', '--output', 'claim:m'], /neither a claim nor in S3/, /nasoa tune/],
    ['a task without an output', ['submit', 'claim:c'], /Required option '--output/, /--help/],
    [
      'steps on a cluster',
      ['submit', 'claim:c', '--output', 'claim:m', '--steps', '9'],
      /follows from/,
      /Leave --steps/,
    ],
    ['a name that is none', ['status', 'A b'], /"A b" of the task/, /small letters/],
    ['a kubeconfig that is not there', ['logs', 'x', '--kubeconfig', 'nope'], /"nope" cannot be read/, /KUBECONFIG/],
    ['a size of nothing', ['arch', '0-_8_1', '--size', '0'], /"0" of --size/, /whole number/],
    ['a zoo that is not there', ['zoo', 'list', '--zoo', 'nowhere'], /no zoo in "nowhere"/, /--zoo/],
    [
      'gradients without their inputs',
      ['zoo', 'verify', '0-_8_1', '--weights', 'file.txt', '--reference', 'file.txt', '--gradients', 'file.txt'],
      /--gradients was given without/,
      /together/,
    ],
    ['weights that are none', ['zoo', 'import', '0-_8_1', 'file.txt'], /file.txt/, /./],
    ['experience that is not there', ['experience', 'import', 'nowhere'], /no file at "nowhere"/, /export/],
  ])('%s', async (_name, args, message, remedy) => {
    const text = await inFolder(args);
    expect({ code: text.code, stdout: text.stdout }).toEqual({ code: 2, stdout: '' });
    const [first = '', second = '', ...rest] = text.stderr.trimEnd().split('\n');
    expect(first).toMatch(/^error: .*\.$/);
    expect(first).toMatch(message);
    expect(second).toMatch(remedy);
    expect(rest).toEqual([]);

    expect(readdirSync(folder).filter((name) => name !== 'data')).toEqual(['file.txt']);
  });

  test.each([
    ['from the arguments', ['tune', '.', '--bogus']],
    ['from an option', ['tune', '.', '--budget', 'soon']],
    ['from a command', ['arch', '9-_8_1']],
    ['without a command', []],
  ])('with --json the error is the one document: %s', async (_name, args) => {
    const { code, stdout } = await inFolder([...args, '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: { message: expect.stringMatching(/\.$/), remedy: expect.stringMatching(/\w/), kind: 'input' },
    });
  });

  test('names with control characters cannot reach the terminal', async () => {
    const { stderr } = await inFolder(['tune', 'a\u001b[2Jb']);
    expect(stderr).toContain('a\\x1b[2Jb');
    expect(stderr).not.toContain('\u001b');
  });
});

describe('launcher', () => {
  const old = olderNode();
  const testWithOldNode = old === undefined ? test.skip : test;
  if (old === undefined) console.warn('no Node older than 22.18 on PATH: the hand-over is not tested');

  testWithOldNode('an old Node hands over to the one of the checkout, exit code and all', async () => {
    const good = await runCli(['arch', '0-_8_1', '--json'], { node: old ?? '' });
    expect({ code: good.code, stderr: good.stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(good.stdout)).toMatchObject({ encoding: '0-_8_1' });
    expect((await runCli(['arch', '9-_8_1'], { node: old ?? '' })).code).toBe(2);
  });

  testWithOldNode('without a newer Node there is one sentence and a remedy', async () => {
    const { code, stderr } = await runCli(['--help'], { node: old ?? '', env: { NASOA_HANDED_OVER: '1' } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: Node .* is too old.*\n.*make setup/);
  });
});

function olderNode(): string | undefined {
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    const node = join(dir, 'node');
    if (!existsSync(node)) continue;
    const [major = 0, minor = 0] = execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' })
      .split('.')
      .map(Number);
    if (major < 22 || (major === 22 && minor < 18)) return node;
  }
  return undefined;
}
