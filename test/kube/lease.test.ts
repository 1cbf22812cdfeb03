import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LeaseLost } from '../../src/kube/errors.ts';
import { Contender, type Link, passTime, SharedLease } from '../support/shared-lease.ts';

/** Two contenders whose calendars are a day apart; the first one leads. */
async function aLeaderAndAnother() {
  const shared = new SharedLease();
  const leader = new Contender(shared, 'one', { startSeconds: 86_400 });
  await passTime([leader], 1);
  const other = new Contender(shared, 'two', { startSeconds: 0, seed: 2 });
  await passTime([leader, other], 30);
  const stop = async (): Promise<void> => {
    await leader.stop();
    await other.stop();
  };
  return { shared, leader, other, both: [leader, other], stop };
}

/** Seconds until `holds`, in world time; at most 60. */
async function secondsUntil(contenders: readonly Contender[], holds: () => boolean): Promise<number> {
  let seconds = 0;
  for (; seconds < 60 && !holds(); seconds += 0.25) await passTime(contenders, 0.25);
  return seconds;
}

describe('the lease', () => {
  test('stays with who has it, however wrong the other clock is', async () => {
    const { shared, leader, other, both, stop } = await aLeaderAndAnother();
    expect(await passTime(both, 120)).toBe(0);
    expect([leader.leads, other.leads]).toEqual([true, false]);
    expect(other.election.leader()).toBe('one');
    expect(shared.lease?.spec).toMatchObject({ holderIdentity: 'one', leaseTransitions: 0, leaseDurationSeconds: 15 });
    expect(shared.lease?.spec?.renewTime).toMatch(/T\d\d:\d\d:\d\d\.\d{6}Z$/);
    await stop();
  });

  test.each<[string, Link]>([
    ['the API server is out of reach', 'down'],
    ['requests hang', 'hangs'],
  ])('is given up within 10 s and taken over within 20 s when %s for its holder', async (_name, link) => {
    const { shared, leader, other, both, stop } = await aLeaderAndAnother();
    leader.link = link;
    const stopsAfter = await secondsUntil(both, () => !leader.leads);
    expect(stopsAfter).toBeLessThanOrEqual(10);
    expect(() => leader.gate?.signal.throwIfAborted()).toThrow(LeaseLost);
    expect(stopsAfter + (await secondsUntil(both, () => other.leads))).toBeLessThan(20);
    expect(shared.lease?.spec).toMatchObject({ holderIdentity: 'two', leaseTransitions: 1 });
    expect(leader.ends).toEqual(['lost']);
    await stop();
  });

  test('is still held after a short partition', async () => {
    const { leader, other, both, stop } = await aLeaderAndAnother();
    leader.link = 'hangs';
    await passTime(both, 5);
    leader.link = 'up';
    await passTime(both, 30);
    expect([leader.leads, other.leads]).toEqual([true, false]);
    await stop();
  });

  test('is still held when the answers to some renewals got lost', async () => {
    const { leader, other, both, stop } = await aLeaderAndAnother();
    leader.link = 'mute';
    await passTime(both, 4);
    leader.link = 'up';
    await passTime(both, 30);
    expect([leader.leads, other.leads]).toEqual([true, false]);
    expect(leader.ends).toEqual([]);
    await stop();
  });

  test('is given back on a stop, so that another need not wait', async () => {
    const { leader, other, both, stop } = await aLeaderAndAnother();
    await leader.stop();
    expect(leader.ends).toEqual(['stopped']);
    expect(await secondsUntil(both, () => other.leads)).toBeLessThan(3);
    await stop();
  });

  test('ends at once when another has taken it', async () => {
    const { shared, leader, both, stop } = await aLeaderAndAnother();
    shared.keep({ ...shared.lease?.spec, holderIdentity: 'somebody' });
    await passTime(both, 2.5);
    expect(leader.leads).toBe(false);
    expect(leader.election.leader()).toBe('somebody');
    await stop();
  });

  test('is made anew by its holder when somebody deletes it', async () => {
    const { shared, leader, other, both, stop } = await aLeaderAndAnother();
    shared.lease = undefined;
    expect(await passTime(both, 20)).toBe(0);
    expect([leader.leads, other.leads].filter(Boolean)).toHaveLength(1);
    expect(shared.lease).toBeDefined();
    await stop();
  });

  test('is taken at once by the next life of the same process', async () => {
    const shared = new SharedLease();
    shared.keep({ holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 4 });
    const again = new Contender(shared, 'one');
    expect(await secondsUntil([again], () => again.leads)).toBeLessThan(1);
    expect(shared.lease?.spec).toMatchObject({ leaseTransitions: 4 });
    await again.stop();
  });

  test('stops writes after a stalled event loop even before any timer has fired', async () => {
    const { leader, stop } = await aLeaderAndAnother();
    expect(leader.leads).toBe(true);
    leader.timers.clock.advance(11);
    expect(() => leader.gate?.check()).toThrow(LeaseLost);
    expect(leader.gate?.signal.aborted).toBe(true);
    await stop();
  });
});

const link = fc.constantFrom<Link>('up', 'up', 'down', 'hangs', 'mute');
const weather = fc.array(fc.tuple(link, link, link, fc.integer({ min: 1, max: 25 })), { minLength: 1, maxLength: 8 });
// 15 s against 10 s bears clocks that differ by half; real ones differ by far less than these
const clock = fc.record({
  startSeconds: fc.integer({ min: 0, max: 1e6 }),
  rate: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
});

test('whatever the links and clocks do, no two lead at once, and somebody does once all is well', async () => {
  await fc.assert(
    fc.asyncProperty(weather, fc.tuple(clock, clock, clock), async (phases, clocks) => {
      const shared = new SharedLease();
      const all = clocks.map((own, index) => new Contender(shared, `contender ${index}`, { ...own, seed: index + 1 }));
      for (const [first, second, third, seconds] of phases) {
        for (const [index, state] of [first, second, third].entries()) {
          const contender = all[index];
          if (contender !== undefined) contender.link = state;
        }
        expect(await passTime(all, seconds, 0.5)).toBe(0);
      }
      for (const contender of all) contender.link = 'up';
      expect(await passTime(all, 40, 0.5)).toBe(0);
      expect(all.filter(({ leads }) => leads)).toHaveLength(1);
      for (const contender of all) await contender.stop();
    }),
    { numRuns: 40 },
  );
});
