import type { MemberInfo } from './types.ts';

/** One step of known parts (`step-cost.ts`) and its seconds. */
export interface TimedParts {
  readonly overhead: number;
  readonly work: number;
  readonly seconds: number;
}

/** Seconds of a unit of each part on the reference machine. */
export interface Reference {
  readonly overheadSeconds: number;
  readonly workSeconds: number;
}

/** How much slower this machine is than the reference at each part. */
export interface Machine {
  readonly overheadFactor: number;
  readonly workFactor: number;
  /** Root mean square of the logarithmic residuals, with a prior for few measurements. */
  readonly deviation: number;
}

/** Guess for a member without any measured step: a small CPU reaches about this many multiply-adds a second. */
const guessedMacsPerSecond = 2e10;
const guessedOverheadSeconds = 0.01;
/** Share of the step that launching takes where one measurement cannot tell it from arithmetic. */
const assumedOverheadShare = 0.1;
const assumedWeight = 0.05;

/** Relative least squares for the two units, both kept positive; a weak prior decides where the steps cannot. */
export function fitReference(member: MemberInfo, steps: readonly TimedParts[]): Reference {
  if (steps.length === 0) {
    return {
      overheadSeconds: guessedOverheadSeconds,
      workSeconds: (3 * member.macsM * 1e6) / guessedMacsPerSecond,
    };
  }
  const rows = steps.map((s) => ({ x: s.overhead / s.seconds, y: s.work / s.seconds, target: 1, weight: 1 }));
  for (const s of steps) {
    const weight = assumedWeight / steps.length;
    rows.push({ x: s.overhead / s.seconds, y: 0, target: assumedOverheadShare, weight });
  }
  let [xx, xy, yy, xt, yt] = [0, 0, 0, 0, 0];
  for (const { x, y, target, weight } of rows) {
    xx += weight * x * x;
    xy += weight * x * y;
    yy += weight * y * y;
    xt += weight * x * target;
    yt += weight * y * target;
  }
  const determinant = xx * yy - xy * xy;
  const overhead = (xt * yy - yt * xy) / determinant;
  const work = (yt * xx - xt * xy) / determinant;
  // on the edge of the positive quadrant the other unit is fitted alone
  if (!(overhead > 0)) return { overheadSeconds: (1e-3 * xt) / xx, workSeconds: yt / yy };
  if (!(work > 0)) return { overheadSeconds: xt / xx, workSeconds: (1e-3 * yt) / yy };
  return { overheadSeconds: overhead, workSeconds: work };
}

/** Prior deviations of the logarithms: the machine's speed, the difference of its two factors, one measurement. */
const speedDeviation = 2;
const differenceDeviation = 1.5;
const measurementDeviation = 0.06;
/** Residuals assumed before any is seen. */
const priorResidual = 0.12;
const priorResiduals = 2;

/**
 * Maximum a posteriori of the two log factors by Gauss-Newton. `rows` are parts in the reference machine's seconds with
 * the seconds seen here. With one measurement both factors move together; with several of different batch the two part.
 */
export function fitMachine(rows: readonly TimedParts[]): Machine {
  let [a, b] = [0, 0];
  const precision = 1 / measurementDeviation ** 2;
  const tie = 1 / differenceDeviation ** 2;
  const pull = 1 / speedDeviation ** 2;
  for (let iteration = 0; rows.length > 0 && iteration < 30; iteration++) {
    let [haa, hab, hbb] = [tie + pull, -tie, tie + pull];
    let [ga, gb] = [-tie * (a - b) - pull * a, tie * (a - b) - pull * b];
    for (const { overhead, work, seconds } of rows) {
      const [o, w] = [Math.exp(a) * overhead, Math.exp(b) * work];
      const residual = Math.log(seconds / (o + w));
      const share = o / (o + w);
      haa += precision * share * share;
      hab += precision * share * (1 - share);
      hbb += precision * (1 - share) ** 2;
      ga += precision * share * residual;
      gb += precision * (1 - share) * residual;
    }
    const determinant = haa * hbb - hab * hab;
    // a step of more than e^2 leaves the region where the linearisation holds
    const da = clamp((hbb * ga - hab * gb) / determinant);
    const db = clamp((haa * gb - hab * ga) / determinant);
    a += da;
    b += db;
    if (Math.abs(da) + Math.abs(db) < 1e-9) break;
  }
  const [overheadFactor, workFactor] = [Math.exp(a), Math.exp(b)];
  let squares = priorResiduals * priorResidual ** 2;
  for (const r of rows) squares += Math.log(r.seconds / (overheadFactor * r.overhead + workFactor * r.work)) ** 2;
  return { overheadFactor, workFactor, deviation: Math.sqrt(squares / (rows.length + priorResiduals)) };
}

const clamp = (step: number): number => Math.min(2, Math.max(-2, step));
