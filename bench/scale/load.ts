import type { OperatorProcess } from '../../test/support/operator-process.ts';
import { parseMetrics, sumOf } from './metrics.ts';
import { memoryOf } from './processes.ts';

/** What an operator bears at the moment. */
export interface Load {
  readonly memoryMb: number;
  /** The longest of the event loop since the scrape before, or since the process began to serve. */
  readonly stallSeconds: number;
}

export async function loadOf({ child, metrics }: OperatorProcess): Promise<Load> {
  const stallSeconds = sumOf(parseMetrics(await metrics()), 'nasoa_event_loop_lag_seconds', { quantile: '1' });
  return { memoryMb: memoryOf(child.pid).nowMb, stallSeconds };
}
