const sequences = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Colour = keyof typeof sequences;
/** Wraps text into a colour, or gives it back as it is where colours are off. */
export type Paint = (colour: Colour, text: string) => string;

export const plainPaint: Paint = (_colour, text) => text;

const colourPaint: Paint = (colour, text) => {
  const [on, off] = sequences[colour];
  return `\u001b[${on}m${text}\u001b[${off}m`;
};

/** Colours only on a terminal that can show them, and never against NO_COLOR (no-color.org). */
export function paintFor(stream: { readonly isTTY?: boolean | undefined }, env: NodeJS.ProcessEnv): Paint {
  const wanted = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return wanted ? colourPaint : plainPaint;
}
