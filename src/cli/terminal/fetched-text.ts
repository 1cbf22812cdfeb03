import { join } from 'node:path';
import { count, percent } from '../../train/regime-words.ts';
import { outputNames } from '../../train/result.ts';
import type { FetchedModel } from '../cluster/get-model.ts';
import type { Paint } from './paint.ts';
import { shellWord } from './result-text.ts';
import { renderFacts } from './table.ts';
import { printable } from './width.ts';

/** Where a fetched model is now, and how to use it. */
export function fetchedText({ out, files, bytes, accuracy }: FetchedModel, paint: Paint): string {
  const size = `${count(files)} files, ${(bytes / 1e6).toFixed(1)} MB`;
  return renderFacts(
    [
      ...(accuracy === undefined ? [] : [['Accuracy', paint('bold', percent(accuracy))] as const]),
      ['Folder', `${printable(out)}  ${paint('dim', size)}`],
      ['Report', printable(join(out, outputNames.report))],
      ['Use it', `nasoa predict ${shellWord(out)} IMAGE...`],
    ],
    paint,
  );
}
