/**
 * Objects by key. Those used last are kept as they are, and the others packed: of thousands of objects most are at rest,
 * and packed they take a fifth of the memory.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { KubeObject } from '../crds/kubernetes.ts';

export interface PackedMapOptions {
  /** So many objects are kept as they are. */
  readonly atHand?: number;
  /** Runs something soon. */
  readonly defer?: (run: () => void) => void;
}

/** Enough for all that the workers and the watch have to do with at a time. */
const usualAtHand = 500;
/** Packed before others have their turn: a few milliseconds. */
const packedAtOnce = 20;
/** A window that reaches from one object over another, and state small enough for the allocator to use it again. */
const format = { windowBits: 14, memLevel: 6, level: 3 } as const;

interface Packed {
  readonly version: string | undefined;
  /** A byte per character: small strings cost less than small buffers. */
  readonly bytes: string;
}

export class PackedMap<T extends KubeObject> {
  readonly #limit: number;
  readonly #defer: (run: () => void) => void;
  /** In the order of their use, the longest ago first. */
  readonly #atHand = new Map<string, T>();
  readonly #packed = new Map<string, Packed>();
  /** Objects of a kind are alike: the first that is packed is what the others are told apart from. */
  #dictionary: Buffer | undefined;
  #isPacking = false;

  constructor({ atHand = usualAtHand, defer = setImmediate }: PackedMapOptions = {}) {
    this.#limit = atHand;
    this.#defer = defer;
  }

  get size(): number {
    return this.#atHand.size + this.#packed.size;
  }

  /** How many are packed at present. */
  get packed(): number {
    return this.#packed.size;
  }

  has(key: string): boolean {
    return this.#atHand.has(key) || this.#packed.has(key);
  }

  get(key: string): T | undefined {
    const object = this.#atHand.get(key) ?? this.#unpacked(key);
    if (object !== undefined) this.set(key, object);
    return object;
  }

  /** Resource version of an object, packed or not; undefined where there is none. */
  versionOf(key: string): string | undefined {
    return this.#atHand.get(key)?.metadata.resourceVersion ?? this.#packed.get(key)?.version;
  }

  set(key: string, object: T): void {
    this.#packed.delete(key);
    // a Map keeps the order of insertion: deleted and set again, the object is the one used last
    this.#atHand.delete(key);
    this.#atHand.set(key, object);
    this.#packLater();
  }

  delete(key: string): void {
    this.#atHand.delete(key);
    this.#packed.delete(key);
  }

  keys(): readonly string[] {
    return [...this.#packed.keys(), ...this.#atHand.keys()];
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
    for (const [key, object] of this.#atHand) {
      if (left-- <= 0) return;
      this.#atHand.delete(key);
      this.#packed.set(key, this.#pack(object));
    }
  }

  #pack(object: T): Packed {
    const text = Buffer.from(JSON.stringify(object));
    this.#dictionary ??= text;
    const bytes = deflateRawSync(text, { ...format, dictionary: this.#dictionary });
    return { version: object.metadata.resourceVersion, bytes: bytes.toString('latin1') };
  }

  #unpacked(key: string): T | undefined {
    const packed = this.#packed.get(key);
    if (packed === undefined) return undefined;
    const { windowBits } = format;
    const text = inflateRawSync(Buffer.from(packed.bytes, 'latin1'), { windowBits, dictionary: this.#dictionary });
    // what was made of a T
    return JSON.parse(text.toString()) as T;
  }
}
