/** What an error of the S3 client means: whether to try again, and what to tell. */
import { types } from 'node:util';
import { hasCode, InputError, RunError } from '../lib/errors.ts';
import { type S3Place, s3Url } from './s3-place.ts';

interface Answer {
  readonly name: string;
  /** HTTP status; undefined where no answer came. */
  readonly status: number | undefined;
  readonly message: string;
}

interface Meaning {
  readonly fits: (answer: Answer) => boolean;
  readonly say: (place: S3Place) => readonly [message: string, remedy: string];
}

const named =
  (...names: readonly string[]): Meaning['fits'] =>
  ({ name }) =>
    names.includes(name);

/** The first that fits is told. */
const meanings: readonly Meaning[] = [
  {
    fits: named('NoSuchBucket'),
    say: ({ bucket }) => [`There is no bucket "${bucket}".`, 'Create it, or correct the s3:// URL or the endpoint.'],
  },
  {
    fits: named('InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'ExpiredToken', 'TokenRefreshRequired'),
    say: ({ bucket }) => [
      `The credentials are not accepted for the bucket "${bucket}".`,
      'Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (in the cluster: in the Secret that secretName names).',
    ],
  },
  {
    fits: named('PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'),
    say: ({ bucket }) => [`The bucket "${bucket}" is in another region.`, 'Set its region.'],
  },
  {
    fits: ({ name, status }) => name === 'AccessDenied' || status === 401 || status === 403,
    say: (place) => [
      `Access to ${s3Url(place)} is denied.`,
      'Allow these credentials to list the bucket, and to read and write objects below the prefix.',
    ],
  },
];

/** Of the files on this side. */
const fileCodes = ['ENOENT', 'ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOTDIR', 'EMFILE'];

/** For an error with `place`; what is not known to be the user's to mend is a RunError. */
export function explainS3(error: unknown, place: S3Place): Error {
  if (error instanceof InputError || error instanceof RunError) return error;
  if (types.isNativeError(error) && fileCodes.some((code) => hasCode(error, code))) return error;
  const answer = answerOf(error);
  const meaning = meanings.find(({ fits }) => fits(answer));
  if (meaning !== undefined) {
    const [message, remedy] = meaning.say(place);
    // no cause: the server's answer may repeat the access key
    return new InputError(message, remedy);
  }
  const where = place.endpoint === undefined ? s3Url(place) : `${s3Url(place)} (${hostOf(place.endpoint)})`;
  return new RunError(
    answer.status === undefined
      ? `S3 cannot be reached for ${where}: ${answer.message}.`
      : `S3 failed for ${where}: ${answer.status} ${answer.name}.`,
    'Look whether the server runs and can be reached from here; then try again.',
    { cause: error },
  );
}

/** Whether the server has answered that it will not, so that asking again is in vain. */
export const isFinal = (error: unknown): boolean => {
  const { status } = answerOf(error);
  return (status !== undefined && status >= 400 && status < 500) || error instanceof InputError;
};

export const isMissing = (error: unknown): boolean => {
  const { name, status } = answerOf(error);
  return name === 'NoSuchKey' || (status === 404 && name !== 'NoSuchBucket');
};

function answerOf(error: unknown): Answer {
  if (!types.isNativeError(error)) return { name: '', status: undefined, message: String(error) };
  const metadata = '$metadata' in error ? error.$metadata : undefined;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? metadata.httpStatusCode : null;
  return { name: error.name, status: typeof status === 'number' ? status : undefined, message: error.message };
}

/** Without what could be written into a URL beside the host. */
const hostOf = (endpoint: string): string => (URL.canParse(endpoint) ? new URL(endpoint).host : 'a wrong endpoint');
