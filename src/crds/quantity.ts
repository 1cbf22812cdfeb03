import type { Quantity } from './kubernetes.ts';

const binary: readonly string[] = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const decimal: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
};

/** The number that a quantity of Kubernetes stands for, such as 8589934592 for `8Gi`; undefined where it is none. */
export function quantityValue(quantity: Quantity): number | undefined {
  const [, digits, exponent = '', suffix = ''] =
    /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([A-Za-z]{0,2}))$/.exec(quantity) ?? [];
  if (digits === undefined) return undefined;
  const power = binary.indexOf(suffix) + 1;
  const factor = power > 0 ? 1024 ** power : decimal[suffix];
  return factor === undefined ? undefined : Number(`${digits}${exponent}`) * factor;
}
