/** Whose token it is: asks the API server by TokenReview, and remembers the answer for a while. */
import { createHash } from 'node:crypto';
import type { TokenReview } from '../crds/kubernetes.ts';
import type { Clock } from '../lib/clock.ts';
import { RunError } from '../lib/errors.ts';

/** The pod that a projected token is bound to. */
export interface Bearer {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly podName: string;
  readonly podUid: string;
}

export type TokenVerdict =
  | { readonly kind: 'known'; readonly bearer: Bearer }
  | { readonly kind: 'refused'; readonly why: string };

/** Asks the API server; rejects where it does not answer. */
export type ReviewToken = (token: string, audiences: readonly string[]) => Promise<TokenReview['status']>;

export interface TokenCheckOptions {
  readonly review: ReviewToken;
  readonly audience: string;
  readonly clock: Clock;
  /** How long a good answer holds: a pod that is gone may report that much longer. 60 unless given. */
  readonly rememberSeconds?: number;
  /** Answers that are remembered at most. 20,000 unless given. */
  readonly most?: number;
}

/** Rejects where the API server does not answer, or where too many are asked at once. */
export type TokenCheck = (token: string) => Promise<TokenVerdict>;

const refusedSeconds = 10;
/** Whoever sends made-up tokens must not keep the API server busy. */
const mostAsked = 64;
const podNameKey = 'authentication.kubernetes.io/pod-name';
const podUidKey = 'authentication.kubernetes.io/pod-uid';

/** A checker with a memory of its own. Tokens themselves are not kept, only their hashes. */
export function tokenCheck(o: TokenCheckOptions): TokenCheck {
  const { rememberSeconds = 60, most = 20_000, clock } = o;
  const known = new Map<string, { readonly verdict: TokenVerdict; readonly until: number }>();
  const asked = new Map<string, Promise<TokenVerdict>>();
  const ask = async (token: string, key: string): Promise<TokenVerdict> => {
    const verdict = verdictOf(await o.review(token, [o.audience]), o.audience);
    const holds = verdict.kind === 'known' ? rememberSeconds : refusedSeconds;
    const oldest = known.keys().next();
    if (known.size >= most && !oldest.done) known.delete(oldest.value);
    known.set(key, { verdict, until: clock.nowSeconds() + holds });
    return verdict;
  };
  return (token) => {
    const key = createHash('sha256').update(token).digest('base64');
    const remembered = known.get(key);
    if (remembered !== undefined && remembered.until > clock.nowSeconds()) return Promise.resolve(remembered.verdict);
    known.delete(key);
    const running = asked.get(key);
    if (running !== undefined) return running;
    if (asked.size >= mostAsked) return Promise.reject(tooMany());
    const answer = ask(token, key).finally(() => asked.delete(key));
    asked.set(key, answer);
    return answer;
  };
}

const tooMany = (): RunError =>
  new RunError(`More than ${mostAsked} tokens wait to be checked.`, 'Look who sends so many reports.');

const refused = (why: string): TokenVerdict => ({ kind: 'refused', why });

export function verdictOf(status: TokenReview['status'], audience: string): TokenVerdict {
  if (status?.authenticated !== true) return refused('The token is not valid.');
  // a server that knows nothing of audiences would let any token of the cluster pass
  if (!(status.audiences ?? []).includes(audience)) return refused('The token is for another audience.');
  const { username = '', extra = {} } = status.user ?? {};
  const [, namespace, serviceAccount] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  if (namespace === undefined || serviceAccount === undefined) return refused('The token is of no service account.');
  const [podName, podUid] = [extra[podNameKey]?.[0], extra[podUidKey]?.[0]];
  if (podName === undefined || podUid === undefined) return refused('The token is bound to no pod.');
  return { kind: 'known', bearer: { namespace, serviceAccount, podName, podUid } };
}
