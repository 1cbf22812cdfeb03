/** Text that is markup already. Only `html` and `trusted` make it, so that a plain string is never taken for it. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Piece = Markup | string | number | undefined | readonly Piece[];

/** A template whose values are escaped unless they are markup: names out of a data set may hold anything. */
export function html(parts: TemplateStringsArray, ...values: readonly Piece[]): Markup {
  const text = parts.reduce((so, part, i) => so + render(values[i - 1]) + part);
  return new Markup(text);
}

/** Markup out of our own constants. */
export const trusted = (text: string): Markup => new Markup(text);

export const nothing = new Markup('');

function render(piece: Piece): string {
  if (piece === undefined) return '';
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'string') return escapeHtml(piece);
  if (typeof piece === 'number') return number(piece);
  return piece.map(render).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** `text` for content and quoted attributes; characters that HTML forbids or that reorder the text are dropped. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[\p{Cc}\ufffe\uffff\u202a-\u202e\u2066-\u2069]/gu, (c) => (c === '\n' || c === '\t' ? c : '\ufffd'))
    .replace(/[&<>"']/g, (c) => entities[c] ?? c);
}

// two decimals are a hundredth of a pixel
const number = (n: number): string => (Number.isInteger(n) ? String(n) : String(Number(n.toFixed(2))));
