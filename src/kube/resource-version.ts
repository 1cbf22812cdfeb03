/**
 * Whether resource version `a` is later than `b`. They are decimal numbers without leading zeros, and their order is
 * part of the API's contract since Kubernetes 1.35 (before it held for every server with etcd).
 * Undefined where one of them is of another form: then nothing is known.
 */
export function isLater(a: string, b: string): boolean | undefined {
  const number = /^(0|[1-9]\d*)$/;
  if (!number.test(a) || !number.test(b)) return undefined;
  return a.length === b.length ? a > b : a.length > b.length;
}
