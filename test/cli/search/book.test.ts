import { describe, expect, test } from '@jest/globals';
import {
  nextWork,
  onMachine,
  type Work,
  withFailed,
  withLost,
  withMeasured,
  withTrained,
} from '../../../src/cli/search/book.ts';
import type { SearchFile } from '../../../src/cli/search/search-file.ts';
import { renderSearchReport } from '../../../src/cli/search/write-report.ts';
import { defaultLadder } from '../../../src/nas/ladder.ts';
import { nsga2Search } from '../../../src/nas/nsga2.ts';
import { proxySpace } from '../../../src/nas/search.ts';

const nobody: ReadonlySet<number> = new Set();

const aFile = (maxStepSeconds?: number): SearchFile => ({
  ...{ kind: 'nasoa-search', version: 1, activeSeconds: 0, measured: [], rungs: [] },
  data: { name: 'colours <b>', classes: 4, train: 40, validation: 10 },
  training: { seed: 1, steps: 800, ladder: defaultLadder },
  search: nsga2Search.create(1, {
    ...{ evaluations: 40, population: 8, objectives: ['accuracy', 'stepSeconds'], inputSize: 64, space: proxySpace },
    constraints: maxStepSeconds === undefined ? {} : { maxStepSeconds },
  }),
  machine: { cpu: 'a processor', cores: 2 },
  startedAt: '2026-01-01T00:00:00.000Z',
});

const measured = (id: number, stepSeconds = 0.1) => ({ id, stepSeconds, parametersM: 1, macsM: 10 });
const trained = (accuracy: number) => ({ accuracy, seconds: 5 });

/** Works through everything that comes, as one process would; through JSON after each step, as after a kill. */
function workThrough(start: SearchFile, accuracyOf: (id: number, rung: number) => number): SearchFile {
  let file = start;
  for (;;) {
    const next = nextWork(file, nobody, true);
    file = JSON.parse(JSON.stringify(next.file));
    if (next.work === undefined || next.work === 'wait') return file;
    const { id } = next.work.candidate;
    if (next.work.kind === 'measure') file = withMeasured(file, measured(id, 0.05 + id / 1000));
    else file = withTrained(file, { id, rung: next.work.rung }, trained(accuracyOf(id, next.work.rung)));
  }
}

describe('the work of a search', () => {
  test('is to time a candidate, then to train it rung by rung, before another is asked', () => {
    let { file, work } = nextWork(aFile(), nobody, true);
    expect(work).toMatchObject({ kind: 'measure', candidate: { id: 1 } });
    file = withMeasured(file, measured(1));
    for (const rung of [0, 1]) {
      ({ file, work } = nextWork(file, nobody, true));
      expect(work).toMatchObject({ kind: 'train', rung, candidate: { id: 1 } });
      file = withTrained(file, { id: 1, rung }, trained(0.1 * rung));
    }
    expect(nsga2Search.progress(file.search).evaluated).toMatchObject([{ id: 1, accuracy: 0.1, stepSeconds: 0.1 }]);
    expect(nextWork(file, nobody, true).work).toMatchObject({ kind: 'measure', candidate: { id: 2 } });
  });

  test('goes on with what is begun, and begins nothing, when time is up', () => {
    const { file } = nextWork(aFile(), nobody, true);
    expect(nextWork(file, nobody, false).work).toMatchObject({ candidate: { id: 1 } });
    expect(nextWork(file, new Set([1]), false).work).toBeUndefined();
    expect(nextWork(file, new Set([1]), true).work).toMatchObject({ candidate: { id: 2 } });
  });

  test('does not train what takes too long', () => {
    const { file } = nextWork(aFile(0.2), nobody, true);
    const after = withMeasured(file, measured(1, 0.3));
    expect(nsga2Search.progress(after.search).evaluated).toMatchObject([{ id: 1, accuracy: 0, missedRungs: 2 }]);
    expect(nextWork(after, nobody, true).work).toMatchObject({ kind: 'measure', candidate: { id: 2 } });
  });

  test('is tried again where a process is lost, and given up after a few times', () => {
    let { file, work } = nextWork(aFile(), nobody, true);
    for (const attempt of [1, 2, 3]) {
      const { candidate } = work as Work;
      expect(candidate).toMatchObject({ id: 1, attempt });
      file = withLost(file, candidate, 'killed');
      ({ file, work } = nextWork(file, nobody, true));
    }
    expect(nsga2Search.progress(file.search).failed).toMatchObject([{ id: 1, why: 'killed' }]);
    expect(work).toMatchObject({ candidate: { id: 2 } });
    expect(nsga2Search.progress(withFailed(file, 2, 'diverged').search).failed).toHaveLength(2);
  });

  test('times all anew on another machine before it asks for more, and keeps the accuracies', () => {
    const half = {
      ...aFile(),
      search: { ...aFile().search, settings: { ...aFile().search.settings, evaluations: 12 } },
    };
    const before = workThrough(half, (id) => id / 100);
    expect(onMachine(before, before.machine)).toBe(before);
    const settings = { ...before.search.settings, evaluations: 14 };
    const elsewhere = { cpu: 'another', cores: 8 };
    let file = onMachine({ ...before, search: { ...before.search, settings } }, elsewhere);
    for (let id = 1; id <= 12; id++) {
      const { work } = nextWork(file, nobody, true);
      expect(work).toMatchObject({ kind: 'measure', candidate: { id } });
      // who comes meanwhile gets the next one, and waits when the last one is under way
      const beside = nextWork(file, new Set([id]), true).work;
      if (id < 12) expect(beside).toMatchObject({ kind: 'measure', candidate: { id: id + 1 } });
      else expect(beside).toBe('wait');
      file = id === 5 ? withLost(file, (work as Work).candidate, 'killed') : withMeasured(file, measured(id, id));
    }
    const { evaluated, failed } = nsga2Search.progress(file.search);
    const ids = [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12];
    expect(evaluated.map(({ id, stepSeconds }) => [id, stepSeconds])).toEqual(ids.map((id) => [id, id]));
    const accuracies = (of: SearchFile) => nsga2Search.progress(of.search).evaluated.map(({ accuracy }) => accuracy);
    expect(accuracies(file)).toEqual(accuracies(before).filter((_, i) => i !== 4));
    expect(failed).toMatchObject([{ id: 5, why: 'killed' }]);
    expect(file.machine).toEqual(elsewhere);
    expect(nextWork(file, nobody, true).work).toMatchObject({ kind: 'measure', candidate: { id: 13, attempt: 1 } });
  });

  test('comes to its end with some left on a lower rung and none of them on the front; the report holds them all', () => {
    const file = workThrough(aFile(), (id, rung) => ((id * 7919) % 100) / 120 + rung / 100);
    const { evaluated, remaining, open } = nsga2Search.progress(file.search);
    expect([evaluated.length, remaining, open.length]).toEqual([40, 0, 0]);
    expect(evaluated.filter(({ missedRungs = 0 }) => missedRungs > 0).length).toBeGreaterThan(5);
    const report = renderSearchReport(file);
    expect(report).toContain('colours &lt;b&gt;');
    expect(report).not.toMatch(/<script|src=|href=/);
    for (const { encoding } of evaluated) expect(report).toContain(encoding);
    expect(report).toContain('block input');
  });
});
