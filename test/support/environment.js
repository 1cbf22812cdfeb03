import { TestEnvironment } from 'jest-environment-node';

const typedArrays = [
  Float32Array,
  Float64Array,
  Int8Array,
  Int16Array,
  Int32Array,
  Uint8ClampedArray,
  Uint16Array,
  Uint32Array,
];

/**
 * Jest runs tests in a realm of its own. Native modules (TensorFlow, sharp) hand out typed arrays of the outer realm,
 * which would fail `instanceof` in the inner one; both realms share one set of classes here.
 */
export default class NativeEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const type of typedArrays) this.global[type.name] = type;
  }
}
