/**
 * Which happenings become events, and which only count up an event that is there already: a controller that says the
 * same every second must not fill etcd. After client-go's correlator.
 */
import { createHash } from 'node:crypto';
import type { KubeObject, ObjectReference } from '../crds/kubernetes.ts';
import type { Clock } from '../lib/clock.ts';
import { Recent } from './recent.ts';
import { TokenBucket } from './token-bucket.ts';
import type { Happening } from './world.ts';

export type Regarding = Partial<ObjectReference> & Pick<ObjectReference, 'name'>;

/** One event and how often it happened. */
export interface Series {
  /** Name of the event object. */
  readonly name: string;
  /** What it is about: not the object, which would live as long as this is remembered. */
  readonly regarding: Regarding;
  readonly happening: Happening;
  readonly firstAt: Date;
  count: number;
  lastAt: Date;
  lastSeconds: number;
  /** The count that the API server knows; 0 where it has not got the event yet. */
  toldCount: number;
}

/** An event that has not happened for so long is over; the next one like it is a new event. */
const seriesEndSeconds = 360;
/** So many different messages of one reason about one object, and further ones count as one. */
const differentMessages = 10;
/** For each object: a burst of 25, then one in five minutes. */
const perObject = { perSecond: 1 / 300, burst: 25 };
const remembered = 4096;

export class EventSeries {
  readonly #clock: Clock;
  readonly #series = new Recent<string, Series>(remembered);
  readonly #buckets = new Recent<string, TokenBucket>(remembered);
  readonly #messages = new Recent<string, { readonly seen: Set<string>; readonly sinceSeconds: number }>(remembered);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The series that this belongs to, counted; undefined where the object has had its share of events. */
  count(about: KubeObject, happening: Happening): Series | undefined {
    const now = this.#clock.nowSeconds();
    const alike = this.#fold(about, happening, now);
    const key = JSON.stringify([subjectOf(about), alike.type, alike.reason, alike.action ?? '', alike.message]);
    const going = this.#series.get(key);
    if (going !== undefined && now - going.lastSeconds < seriesEndSeconds) {
      going.count += 1;
      going.lastAt = this.#clock.date();
      going.lastSeconds = now;
      return going;
    }
    if (!this.#hasShare(about)) return undefined;
    const at = this.#clock.date();
    const name = `${about.metadata.name.slice(0, 200)}.${hash(`${key} ${now} ${at.getTime()}`)}`;
    const fresh = {
      ...{ name, regarding: referenceTo(about), happening: alike },
      ...{ firstAt: at, count: 1, lastAt: at, lastSeconds: now, toldCount: 0 },
    };
    this.#series.set(key, fresh);
    return fresh;
  }

  /** Those that happened again since the API server was told. */
  untold(): readonly Series[] {
    return this.#series.values().filter(({ count, toldCount }) => toldCount > 0 && count > toldCount);
  }

  /** Beyond a number of different messages of one reason, the message no longer tells events apart. */
  #fold(about: KubeObject, happening: Happening, now: number): Happening {
    const key = JSON.stringify([subjectOf(about), happening.type, happening.reason]);
    let messages = this.#messages.get(key);
    if (messages === undefined || now - messages.sinceSeconds >= seriesEndSeconds) {
      messages = { seen: new Set<string>(), sinceSeconds: now };
      this.#messages.set(key, messages);
    }
    if (!messages.seen.has(happening.message)) {
      if (messages.seen.size >= differentMessages) return { ...happening, message: '(several messages like this)' };
      messages.seen.add(happening.message);
    }
    return happening;
  }

  #hasShare(about: KubeObject): boolean {
    const subject = subjectOf(about);
    let bucket = this.#buckets.get(subject);
    if (bucket === undefined) {
      bucket = new TokenBucket(perObject, this.#clock);
      this.#buckets.set(subject, bucket);
    }
    return bucket.tryTake();
  }
}

const subjectOf = ({ kind, metadata }: KubeObject): string =>
  metadata.uid ?? `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

function referenceTo({ apiVersion, kind, metadata: { namespace, name, uid, resourceVersion } }: KubeObject): Regarding {
  return {
    ...{ apiVersion, kind, name },
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
