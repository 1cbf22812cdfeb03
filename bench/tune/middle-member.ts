/** The member in the middle by MACs, the cheaper of the two middle ones of an even number. */
export function middleMember<M extends { readonly macsM: number }>(members: readonly M[]): M {
  const byCost = members.toSorted((a, b) => a.macsM - b.macsM);
  const middle = byCost[(byCost.length - 1) >> 1];
  if (!middle) throw new Error('a zoo without members has no middle one');
  return middle;
}
