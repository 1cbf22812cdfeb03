/** Fields of a log line as they may be written: bounded, and without what looks like a secret. */
import { InputError, RunError } from '../lib/errors.ts';

const secretKey =
  /^(authorization|cookie|credentials?|dsn|database_?url|.*(token|password|passwd|secret|secret_?key|access_?key|access_?key_?id|private_?key))$/i;
const hidden = '[hidden]';

const longestText = 2000;
const mostItems = 20;
const deepest = 4;
/** Of a line itself; a field of that name would hide it. */
const reserved = ['time', 'level', 'message'];

export function cleaned(fields: unknown): Record<string, unknown> {
  if (typeof fields !== 'object' || fields === null) return {};
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      reserved.includes(key) ? `${key}_` : key,
      secretKey.test(key) ? hidden : clean(value, 0),
    ]),
  );
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return withoutSecrets(value);
  if (value instanceof Error) return errorFields(value, depth);
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= deepest) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, mostItems).map((item) => clean(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, mostItems)
      .map(([key, inner]) => [key, secretKey.test(key) ? hidden : clean(inner, depth + 1)]),
  );
}

function errorFields(error: Error, depth: number): Record<string, unknown> {
  const isExpected = error instanceof InputError || error instanceof RunError;
  return {
    name: error.name,
    message: withoutSecrets(error.message),
    ...(isExpected ? { remedy: withoutSecrets(error.remedy) } : {}),
    // only a bug needs to be found
    ...(isExpected || error.stack === undefined ? {} : { stack: withoutSecrets(error.stack) }),
    ...(error.cause === undefined || depth >= deepest ? {} : { cause: clean(error.cause, depth + 1) }),
  };
}

/** Passwords in URLs, bearer tokens and JSON web tokens, wherever they stand in a text. */
export function withoutSecrets(text: string): string {
  return text
    .slice(0, longestText)
    .replace(/\/\/[^\s/@]+@/g, `//${hidden}@`)
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]+/gi, `$1 ${hidden}`)
    .replace(/\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g, hidden);
}
