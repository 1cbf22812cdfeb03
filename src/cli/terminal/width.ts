import { stripVTControlCharacters } from 'node:util';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
// East Asian wide and fullwidth ranges (UAX #11), coarse: whole blocks, as terminals draw them
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
// variation selector 16 asks for the picture of a character that is text by default, such as a heart
const picture = /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f/u;
const invisible = /^[\p{M}\p{Cf}\p{Cc}]+$/u;

/** Columns that `text` takes on a terminal; our own colour sequences take none. */
export function displayWidth(text: string): number {
  const bare = stripVTControlCharacters(text);
  if (/^[\x20-\x7e]*$/.test(bare)) return bare.length;
  let columns = 0;
  for (const { segment } of graphemes.segment(bare)) {
    if (invisible.test(segment)) continue;
    columns += wide.test(segment) || picture.test(segment) ? 2 : 1;
  }
  return columns;
}

/** `text` cut to `columns`, with an ellipsis where something was lost. Expects text without colours. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const width = displayWidth(segment);
    if (used + width > columns - 1) break;
    kept += segment;
    used += width;
  }
  return columns > 0 ? `${kept}…` : '';
}

/** `text` in lines of at most `columns`, broken at spaces; a longer word stays whole. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && displayWidth(longer) > columns) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/** Names out of files and archives may hold control characters; shown, they could rewrite the user's terminal. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (c) => {
    const code = (c.codePointAt(0) ?? 0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
