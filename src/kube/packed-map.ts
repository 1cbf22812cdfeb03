/**
 * Objects by key. Those used last are kept as they are, and the others packed: of thousands of objects most are at rest,
 * and packed they take a fifth of the memory.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { KubeObject } from '../crds/kubernetes.ts';
import { inTurn } from './turns.ts';

export interface PackedMapOptions {
  /** So many objects are kept as they are; twice as many until there is time to pack them. */
  readonly atHand?: number;
  /** Runs something soon. */
  readonly defer?: (run: () => void) => void;
}

/** Enough for all that the workers and the watch have to do with at a time. */
const usualAtHand = 250;
/** Packed before others have their turn: a few milliseconds. */
const packedAtOnce = 20;
/** A window that reaches from one object over another. */
const windowBits = 14;
/** State small enough for the allocator to use it again, and no more room for what comes out than it takes. */
const packing = { windowBits, memLevel: 6, level: 3, chunkSize: 2048 } as const;
const unpacking = { windowBits, chunkSize: 8192 } as const;

/** An object as it is, or packed, or both. */
interface Slot<T> {
  readonly version: string | undefined;
  object: T | undefined;
  /** A byte per character: small strings cost less than small buffers. */
  packed: string | undefined;
}

export class PackedMap<T extends KubeObject> {
  readonly #limit: number;
  readonly #defer: (run: () => void) => void;
  readonly #slots = new Map<string, Slot<T>>();
  /** Slots with an object as it is, in the order of their use, the longest ago first. */
  readonly #atHand = new Map<string, Slot<T>>();
  /** Objects of a kind are alike: the first that is packed is what the others are told apart from. */
  #dictionary: Buffer | undefined;
  #isPacking = false;

  constructor({ atHand = usualAtHand, defer = inTurn }: PackedMapOptions = {}) {
    this.#limit = atHand;
    this.#defer = defer;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** How many are kept as they are at present. */
  get atHand(): number {
    return this.#atHand.size;
  }

  has(key: string): boolean {
    return this.#slots.has(key);
  }

  keys(): readonly string[] {
    return [...this.#slots.keys()];
  }

  /** Resource version of an object, packed or not; undefined where there is none. */
  versionOf(key: string): string | undefined {
    return this.#slots.get(key)?.version;
  }

  get(key: string): T | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    const object = slot.object ?? this.#unpacked(slot.packed ?? '');
    slot.object = object;
    this.#use(key, slot);
    return object;
  }

  set(key: string, object: T): void {
    const slot: Slot<T> = { version: object.metadata.resourceVersion, object, packed: undefined };
    this.#slots.set(key, slot);
    this.#use(key, slot);
  }

  delete(key: string): void {
    this.#slots.delete(key);
    this.#atHand.delete(key);
  }

  #use(key: string, slot: Slot<T>): void {
    // a Map keeps the order of insertion: deleted and set again, the slot is the one used last
    this.#atHand.delete(key);
    this.#atHand.set(key, slot);
    // a long list comes faster than others give up their turn
    if (this.#atHand.size >= 2 * this.#limit + packedAtOnce) this.#packOldest();
    this.#packLater();
  }

  #packLater(): void {
    if (this.#isPacking || this.#atHand.size <= this.#limit) return;
    this.#isPacking = true;
    this.#defer(() => {
      this.#isPacking = false;
      this.#packOldest();
      this.#packLater();
    });
  }

  #packOldest(): void {
    let left = Math.min(packedAtOnce, this.#atHand.size - this.#limit);
    for (const [key, slot] of this.#atHand) {
      if (left-- <= 0) return;
      // what was only looked at since it was packed is packed already
      slot.packed ??= this.#packedOf(slot.object);
      slot.object = undefined;
      this.#atHand.delete(key);
    }
  }

  #packedOf(object: T | undefined): string {
    const text = Buffer.from(JSON.stringify(object));
    this.#dictionary ??= text;
    return deflateRawSync(text, { ...packing, dictionary: this.#dictionary }).toString('latin1');
  }

  #unpacked(packed: string): T {
    const text = inflateRawSync(Buffer.from(packed, 'latin1'), { ...unpacking, dictionary: this.#dictionary });
    // what was made of a T
    return JSON.parse(text.toString()) as T;
  }
}
