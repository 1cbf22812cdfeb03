/** Events for people, by events.k8s.io/v1: sent one after the other in the background, never waited for. */
import type { KubeObject, Time } from '../crds/kubernetes.ts';
import type { Clock } from '../lib/clock.ts';
import type { Api } from './api.ts';
import { AlreadyExists, NotFound } from './errors.ts';
import { EventSeries, type Regarding, type Series } from './event-series.ts';
import { Fifo } from './fifo.ts';
import { type KubeLog, messageOf, noLog } from './log.ts';
import { type KubeMetrics, noMetrics } from './metrics.ts';
import { microTime, pathOf, resource } from './resources.ts';
import { type Cancel, pause, type Timers } from './timers.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';
import type { Happening } from './world.ts';
import type { WriteGate } from './write-gate.ts';

/** events.k8s.io/v1 Event. */
export interface SeriesEvent extends KubeObject {
  readonly eventTime: Time;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly action: string;
  readonly reason: string;
  readonly regarding: Partial<Regarding>;
  readonly note: string;
  readonly type: 'Normal' | 'Warning';
  readonly series?: { readonly count: number; readonly lastObservedTime: Time };
}

export const seriesEvents = resource<SeriesEvent>('events.k8s.io/v1', 'Event', 'events');

export interface RecorderOptions {
  readonly api: Api;
  readonly timers: Timers;
  readonly gate: WriteGate;
  /** Such as `nasoa.dev/operator`. */
  readonly controller: string;
  /** Name of this process, at most 128 characters. */
  readonly instance: string;
  readonly rate?: Rate;
  readonly metrics?: KubeMetrics;
  readonly log?: KubeLog;
}

/** Thousands of tasks at once would send thousands of events; beyond this they wait, and then fall away. */
const defaultRate: Rate = { perSecond: 25, burst: 100 };
const longestQueue = 2000;
/** Repetitions are counted for so long before the API server is told. */
const tellSeconds = 30;
/** Limits of the API. */
const noteBytes = 1024;
const wordBytes = 128;

export class EventRecorder {
  readonly #options: RecorderOptions;
  readonly #metrics: KubeMetrics;
  readonly #log: KubeLog;
  readonly #clock: Clock;
  readonly #series: EventSeries;
  readonly #bucket: TokenBucket;
  readonly #queue = new Fifo<Series>();
  #sending: Promise<void> | undefined;
  #cancelTelling: Cancel | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#metrics = options.metrics ?? noMetrics;
    this.#log = options.log ?? noLog;
    this.#clock = options.timers.clock;
    this.#series = new EventSeries(this.#clock);
    this.#bucket = new TokenBucket(options.rate ?? defaultRate, this.#clock);
  }

  record(about: KubeObject, happening: Happening): void {
    const series = this.#series.count(about, happening);
    if (series === undefined) this.#metrics.event('limited');
    else if (series.count === 1) this.#enqueue(series);
    else this.#cancelTelling ??= this.#options.timers.after(tellSeconds, () => this.#tell());
  }

  /** Resolves once nothing waits to be sent, or may not be sent any longer. */
  async flush(): Promise<void> {
    if (this.#cancelTelling !== undefined) {
      this.#cancelTelling();
      this.#tell();
    }
    await this.#sending;
  }

  #tell(): void {
    this.#cancelTelling = undefined;
    for (const series of this.#series.untold()) this.#enqueue(series);
  }

  #enqueue(series: Series): void {
    if (this.#queue.length >= longestQueue) {
      this.#metrics.event('overflow');
      return;
    }
    this.#queue.push(series);
    this.#sending ??= this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    const { timers, gate } = this.#options;
    // so that `#sending` is set before the loop can come to its end
    await Promise.resolve();
    for (let series = this.#queue.shift(); series !== undefined; series = this.#queue.shift()) {
      const waitSeconds = this.#bucket.reserve();
      if (waitSeconds > 0) await pause(timers, waitSeconds, gate.signal);
      try {
        gate.check();
        await this.#send(series);
        this.#metrics.event('sent');
      } catch (error) {
        this.#metrics.event('failed');
        const { reason } = series.happening;
        if (!gate.signal.aborted) this.#log.warn('An event could not be sent', { reason, error: messageOf(error) });
      }
    }
    this.#sending = undefined;
  }

  async #send(series: Series): Promise<void> {
    const { count, toldCount } = series;
    series.toldCount = count;
    if (toldCount > 0 && (await this.#countUp(series))) return;
    const { api, gate } = this.#options;
    const event = this.#eventOf(series);
    try {
      const path = pathOf(seriesEvents, { namespace: event.metadata.namespace });
      await api.request('POST', path, event, { signal: gate.signal, attempts: 3 });
    } catch (error) {
      // sent before, and only the answer was lost
      if (!(error instanceof AlreadyExists)) throw error;
    }
  }

  /** False where the event is there no longer: the API server keeps them for an hour. */
  async #countUp(series: Series): Promise<boolean> {
    const { api, gate } = this.#options;
    const path = pathOf(seriesEvents, { namespace: namespaceOf(series), name: series.name });
    try {
      const options = { signal: gate.signal, contentType: 'application/merge-patch+json', attempts: 3 };
      await api.request('PATCH', path, { series: seriesOf(series) }, options);
      return true;
    } catch (error) {
      if (error instanceof NotFound) return false;
      throw error;
    }
  }

  #eventOf(series: Series): SeriesEvent {
    const { regarding, happening, name, firstAt, count } = series;
    const { type, reason, action = reason, message } = happening;
    const { controller, instance } = this.#options;
    return {
      apiVersion: seriesEvents.apiVersion,
      kind: seriesEvents.kind,
      metadata: { name, namespace: namespaceOf(series) },
      eventTime: microTime(firstAt),
      reportingController: controller,
      reportingInstance: cut(instance, wordBytes),
      ...{ type, reason: cut(reason, wordBytes), action: cut(action, wordBytes), note: cut(message, noteBytes) },
      regarding,
      ...(count > 1 ? { series: seriesOf(series) } : {}),
    };
  }
}

const seriesOf = ({ count, lastAt }: Series): { readonly count: number; readonly lastObservedTime: Time } => ({
  count,
  lastObservedTime: microTime(lastAt),
});

const namespaceOf = ({ regarding }: Series): string => regarding.namespace ?? 'default';

/** At most so many bytes of UTF-8, never half a character. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const whole = Buffer.from(text)
    .subarray(0, bytes - 3)
    .toString('utf8')
    .replace(/\uFFFD$/, '');
  return `${whole}…`;
}
