import type { Command } from 'commander';
import { InputError } from '../../lib/errors.ts';

/** Which cluster and namespace a command means. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

/** Under a heading of their own; absent, they are those of kubectl. */
export function addClusterOptions(command: Command): Command {
  command.optionsGroup('Cluster:');
  return command
    .option('--kubeconfig <file>', "kubeconfig (default: $KUBECONFIG, ~/.kube/config, the pod's own)")
    .option('--context <name>', 'context of the kubeconfig (default: its current one)')
    .option('-n, --namespace <name>', 'namespace (default: that of the context)', namespaceName);
}

/** A parser for commander: a name that can stand in a path of the API server. */
export const objectName =
  (option: string) =>
  (text: string): string => {
    if (text.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text)) return text;
    throw new InputError(
      `The value "${text}" of ${option} is not the name of an object.`,
      `Give ${option} small letters, digits, "-" and ".", beginning and ending with a letter or digit.`,
    );
  };

const namespaceName = objectName('--namespace');

/** The name of a task, as an argument. */
export const taskName = objectName('the task');
