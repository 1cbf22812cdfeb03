/** Answers of the API server as one sentence for the person at the terminal, with what to do. */
import { AlreadyExists, ApiError, Forbidden, Invalid, NotFound, Unauthorized, Unavailable } from '../../kube/errors.ts';
import { InputError, RunError } from '../../lib/errors.ts';
import type { Cluster } from './cluster.ts';

/** What was asked for. */
export interface Subject {
  /** Such as `task`, `pod`, `Secret`. */
  readonly kind: string;
  readonly name?: string;
  /** What to do where there is no such object. */
  readonly missing?: string;
}

type Where = Pick<Cluster, 'server' | 'namespace'>;

/** Does `work`; what the API server refuses becomes an InputError or a RunError. */
export async function explained<T>(where: Where, subject: Subject, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ApiError ? explain(error, where, subject) : error;
  }
}

export function explain(error: ApiError, where: Where, subject: Subject): Error {
  const { server, namespace } = where;
  const words = serverWords(error);
  const cause = { cause: error };
  if (error instanceof NotFound) return notFound(error, words, where, subject);
  if (error instanceof AlreadyExists) {
    const message = `There is already a ${subject.kind} "${subject.name ?? ''}" in the namespace "${namespace}".`;
    return new InputError(message, 'Give another --name, or delete that one first.', cause);
  }
  if (error instanceof Invalid) {
    return new InputError(
      `The cluster refuses the ${subject.kind}: ${sentence(words)}`,
      'Correct what it names.',
      cause,
    );
  }
  if (error instanceof Forbidden) {
    const remedy = `Ask for the role "edit" in the namespace "${namespace}" ("view" suffices to look), or choose another with -n.`;
    return new RunError(`The cluster does not allow it: ${sentence(words)}`, remedy, cause);
  }
  if (error instanceof Unauthorized) {
    const remedy = 'Renew the credentials of the kubeconfig, for instance by logging in again.';
    return new RunError(`The cluster at ${server} does not accept your credentials.`, remedy, cause);
  }
  if (error instanceof Unavailable) {
    const remedy = 'Check that it is up and can be reached from here, or choose another with --context.';
    return new RunError(`The cluster at ${server} does not answer: ${sentence(words)}`, remedy, cause);
  }
  return new RunError(`The cluster at ${server} failed: ${sentence(words)}`, error.remedy, cause);
}

function notFound(error: ApiError, words: string, { server, namespace }: Where, subject: Subject): Error {
  const cause = { cause: error };
  if (/namespaces "[^"]*" not found/.test(words)) {
    return new InputError(`There is no namespace "${namespace}" in the cluster.`, 'Give another with -n.', cause);
  }
  // the path itself is unknown: the kind, not the object
  if (subject.kind === 'task' && /could not find the requested resource|status 404/.test(words)) {
    return new RunError(
      `The cluster at ${server} does not know nasoa's tasks.`,
      'Install the operator there (docs/install.md), or choose another cluster with --context.',
      cause,
    );
  }
  const named = subject.name === undefined ? '' : ` "${subject.name}"`;
  const message = `There is no ${subject.kind}${named} in the namespace "${namespace}".`;
  return new InputError(message, subject.missing ?? 'Check the name, and the namespace (-n).', cause);
}

/** Errors of the client begin with the request, which tells a person nothing. */
const serverWords = ({ message }: ApiError): string =>
  message.replace(/^(GET|POST|PUT|PATCH|DELETE) \S+: /, '').replace(/^no answer from the API server \((.*)\)$/s, '$1');

export const sentence = (words: string): string => (/[.!?]$/.test(words.trim()) ? words.trim() : `${words.trim()}.`);
