import { percent } from '../../train/regime-words.ts';
import type { ImagePrediction } from '../requests.ts';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { printable } from './width.ts';

/** One row a prediction, images in the order given; what could not be read follows with its reason. */
export function predictionsText(predictions: readonly ImagePrediction[], paint: Paint): string {
  const rows = predictions.flatMap((prediction) =>
    'error' in prediction
      ? []
      : prediction.predictions.map((guess, rank) => [
          rank === 0 ? prediction.image : '',
          guess.class,
          percent(guess.probability),
        ]),
  );
  const failed = predictions.flatMap((prediction) =>
    'error' in prediction
      ? [`${paint('red', 'skipped:')} ${printable(prediction.image)}: ${printable(prediction.error)}`]
      : [],
  );
  const columns = [{ title: 'image' }, { title: 'class' }, { title: 'probability', align: 'right' }] as const;
  return [...(rows.length > 0 ? [renderTable(columns, rows, { paint })] : []), ...failed].join('\n');
}
