/**
 * The keys of a JSON object as they are written, doubled ones included, which JSON.parse hides.
 * `text` must be valid JSON of an object.
 */
export function topLevelKeys(text: string): readonly string[] {
  const keys: string[] = [];
  let depth = 0;
  let wantKey = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') {
      const end = stringEnd(text, i);
      if (depth === 1 && wantKey) keys.push(String(JSON.parse(text.slice(i, end))));
      wantKey = false;
      i = end - 1;
    } else if (c === '{' || c === '[') {
      depth++;
      wantKey = depth === 1;
    } else if (c === '}' || c === ']') depth--;
    else if (c === ',' && depth === 1) wantKey = true;
  }
  return keys;
}

/** Index after the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}
