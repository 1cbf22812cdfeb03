type Point = readonly [number, number];

/** Area that the points dominate below the reference, both objectives losses. Points beyond the reference add nothing. */
export function hypervolume(points: readonly Point[], [worstX, worstY]: Point): number {
  const inside = points.filter(([x, y]) => x < worstX && y < worstY).toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  let [area, lowest] = [0, worstY];
  for (const [x, y] of inside) {
    if (y >= lowest) continue;
    area += (worstX - x) * (lowest - y);
    lowest = y;
  }
  return area;
}
