import { describe, expect, test } from '@jest/globals';
import type { TokenReview } from '../../src/crds/kubernetes.ts';
import { ManualClock } from '../../src/lib/clock.ts';
import { type ReviewToken, tokenCheck, verdictOf } from '../../src/server/token-check.ts';

type Status = NonNullable<TokenReview['status']>;
const audience = 'nasoa.dev/progress';
const good: Status = {
  authenticated: true,
  audiences: [audience],
  user: {
    username: 'system:serviceaccount:team-a:default',
    extra: {
      'authentication.kubernetes.io/pod-name': ['flowers-train-1'],
      'authentication.kubernetes.io/pod-uid': ['pod-uid'],
    },
  },
};

describe('a token', () => {
  test('of a pod names it', () => {
    expect(verdictOf(good, audience)).toEqual({
      kind: 'known',
      bearer: { namespace: 'team-a', serviceAccount: 'default', podName: 'flowers-train-1', podUid: 'pod-uid' },
    });
  });

  test.each<[string, Status | undefined, string]>([
    ['that the API server does not know', { ...good, authenticated: false }, 'not valid'],
    ['without an answer', undefined, 'not valid'],
    ['for another audience', { ...good, audiences: ['https://kubernetes.default.svc'] }, 'another audience'],
    ['judged by a server that knows no audiences', { authenticated: true, user: good.user ?? {} }, 'another audience'],
    ['of a person', { ...good, user: { ...good.user, username: 'alice' } }, 'no service account'],
    ['of a service account without a pod', { ...good, user: { username: good.user?.username ?? '' } }, 'no pod'],
  ])('%s is refused', (_what, status, why) => {
    expect(verdictOf(status, audience)).toMatchObject({ kind: 'refused', why: expect.stringContaining(why) });
  });
});

describe('the API server', () => {
  /** Asked by tokens; each is answered when the test says so, or at once. */
  function aReviewer(status: Status = good) {
    const asked: string[] = [];
    const review: ReviewToken = async (token) => {
      asked.push(token);
      return status;
    };
    return { asked, review };
  }

  test('is asked once a minute for a good token', async () => {
    const clock = new ManualClock(100);
    const { asked, review } = aReviewer();
    const check = tokenCheck({ review, audience, clock });
    for (let i = 0; i < 3; i++) expect((await check('a')).kind).toBe('known');
    await Promise.all([check('b'), check('b')]);
    expect(asked).toEqual(['a', 'b']);
    clock.advance(61);
    await check('a');
    expect(asked).toEqual(['a', 'b', 'a']);
  });

  test('is asked again soon for one that it refused', async () => {
    const clock = new ManualClock(100);
    const { asked, review } = aReviewer({ authenticated: false });
    const check = tokenCheck({ review, audience, clock });
    await check('a');
    await check('a');
    expect(asked).toEqual(['a']);
    clock.advance(11);
    await check('a');
    expect(asked).toEqual(['a', 'a']);
  });

  test('that is away is not remembered', async () => {
    let isAway = true;
    const review: ReviewToken = () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(good));
    const check = tokenCheck({ review, audience, clock: new ManualClock(100) });
    await expect(check('a')).rejects.toThrow('away');
    isAway = false;
    expect((await check('a')).kind).toBe('known');
  });

  test('is not flooded with made-up tokens', async () => {
    let asked = 0;
    const review: ReviewToken = () => {
      asked += 1;
      return new Promise(() => undefined);
    };
    const check = tokenCheck({ review, audience, clock: new ManualClock(100) });
    const waiting = Array.from({ length: 200 }, (_, i) => check(`made up ${i}`).catch((error: Error) => error.message));
    expect(await waiting[199]).toContain('wait to be checked');
    expect(asked).toBe(64);
  });

  test('is asked anew for the oldest when too many are remembered', async () => {
    const { asked, review } = aReviewer();
    const check = tokenCheck({ review, audience, clock: new ManualClock(100), most: 2 });
    for (const token of ['a', 'b', 'c', 'c', 'b', 'a']) await check(token);
    expect(asked).toEqual(['a', 'b', 'c', 'a']);
  });
});
