/** The certificate authority of the operator's address, in each namespace where pods report from. */
import { createHash } from 'node:crypto';
import type { ConfigMap } from '../crds/kubernetes.ts';
import { AlreadyExists } from '../kube/errors.ts';
import { configMaps } from '../kube/resources.ts';
import type { World } from '../kube/world.ts';
import type { Clock } from '../lib/clock.ts';
import { authorityConfigMap, authorityKey } from './pods.ts';

/** A ConfigMap that somebody deleted comes back after this long. */
const trustedSeconds = 600;

/** Sees to it that the ConfigMap is there; asks the API server once in a while for each namespace. */
export class Authority {
  readonly #world: World;
  readonly #clock: Clock;
  readonly #certificate: () => string | undefined;
  readonly #seenAt = new Map<string, number>();
  /** Under way: a thousand tasks of one namespace ask once. */
  readonly #asking = new Map<string, Promise<void>>();

  /** `certificate`: PEM as it is now, for it is renewed; undefined where pods need none. */
  constructor(world: World, clock: Clock, certificate: () => string | undefined) {
    this.#world = world;
    this.#clock = clock;
    this.#certificate = certificate;
  }

  async ensure(namespace: string): Promise<void> {
    const certificate = this.#certificate();
    if (certificate === undefined) return;
    const seenAt = this.#seenAt.get(namespace);
    if (seenAt !== undefined && this.#clock.nowSeconds() - seenAt < trustedSeconds) return;
    const asking = this.#asking.get(namespace) ?? this.#see(namespace, certificate);
    this.#asking.set(namespace, asking);
    await asking;
  }

  async #see(namespace: string, certificate: string): Promise<void> {
    try {
      await this.#put(namespace, certificate);
      this.#seenAt.set(namespace, this.#clock.nowSeconds());
    } finally {
      this.#asking.delete(namespace);
    }
  }

  async #put(namespace: string, certificate: string): Promise<void> {
    const there = await this.#world.read(configMaps, namespace, authorityConfigMap);
    if (there?.data?.[authorityKey] === certificate) return;
    // a merge patch of ours knows no data, and nothing depends on the object's identity
    if (there !== undefined) await this.#world.delete(configMaps, there);
    const made: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: authorityConfigMap,
        namespace,
        annotations: { 'nasoa.dev/sha256': createHash('sha256').update(certificate).digest('hex') },
      },
      data: { [authorityKey]: certificate },
    };
    try {
      await this.#world.create(configMaps, made);
    } catch (error) {
      if (!(error instanceof AlreadyExists)) throw error;
    }
  }
}
