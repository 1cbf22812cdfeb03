/** Leaves that several schemas share. */
import { type Rule, type Schema, text } from './schema.ts';

/** The pattern of `parseDuration` in src/lib, with units asked for and a bound of a few years. */
const durationPattern = `^${[
  ['d', 3],
  ['h', 4],
  ['m', 5],
  ['s', 7],
]
  .map(([unit, digits]) => `([0-9]{1,${digits}}(\\.[0-9]{1,3})?${unit})?`)
  .join('')}$`;

const positive: Rule = {
  rule: "self.matches('[1-9]')",
  message: 'A duration must be longer than zero.',
  holds: (value: string) => /[1-9]/.test(value),
};

/** Such as `90s`, `5m`, `1h30m`, `2d`; `parseDuration` gives its seconds. */
export const duration = (description: string): Schema<string> =>
  text({
    description,
    pattern: durationPattern,
    wanted: 'a duration with units from days to seconds, such as 90s, 5m, 1h30m or 2d',
    minLength: 2,
    maxLength: 40,
    rules: [positive],
  });

/** The name of an object (RFC 1123 subdomain). */
export const objectName = (description: string): Schema<string> =>
  text({
    description,
    pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
    wanted: 'the name of an object: small letters, digits, - and .',
    minLength: 1,
    maxLength: 253,
  });

/** A path below the root of a claim. */
export const relativePath = (description: string): Schema<string> =>
  text({
    description,
    minLength: 1,
    maxLength: 512,
    rules: [
      {
        rule: "!self.startsWith('/') && !self.split('/').exists(part, part == '..')",
        message: "A path is relative to the claim's root and has no '..' in it.",
        holds: (value: string) => !value.startsWith('/') && !value.split('/').includes('..'),
      },
    ],
  });

export const s3Url = (description: string): Schema<string> =>
  text({
    description,
    pattern: '^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^?#]*)?$',
    wanted: 'of the form s3://bucket/prefix',
    maxLength: 1024,
  });

export const timestamp = (description: string): Schema<string> =>
  text({ description, format: 'date-time', maxLength: 40 });

/** A free text that a status shows. */
export const words = (description: string, maxLength: number): Schema<string> => text({ description, maxLength });

/** The name of a zoo's member. */
export const memberName = (description: string): Schema<string> => text({ description, minLength: 1, maxLength: 100 });

/** An architecture: a point of the search space, or an imported family. */
export const encoding = (description: string): Schema<string> => text({ description, minLength: 1, maxLength: 300 });
