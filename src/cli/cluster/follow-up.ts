import { shellWord } from '../terminal/result-text.ts';
import type { ClusterOptions } from './options.ts';

/** The flags by which another command finds the same cluster and namespace: ` -n vision`, or nothing. */
export function sameCluster({ kubeconfig, context, namespace }: ClusterOptions): string {
  const given = [
    ['--kubeconfig', kubeconfig],
    ['--context', context],
    ['-n', namespace],
  ] as const;
  return given.map(([flag, value]) => (value === undefined ? '' : ` ${flag} ${shellWord(value)}`)).join('');
}
