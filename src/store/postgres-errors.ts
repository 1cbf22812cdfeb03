/** What an error of the PostgreSQL driver means: whether to try again, and what to tell. */
import { types } from 'node:util';
import { InputError, RunError } from '../lib/errors.ts';

/** SQLSTATEs (PostgreSQL manual, appendix A) by what they ask of us; the driver puts them where Node puts its codes. */
const states = {
  /** The server starts, stops, or has no connection to spare: it was not asked anything. */
  unready: /^(57P03|53300)$/,
  /** The connection ended while a statement ran. */
  ended: /^(57P01|57P02|57P05|25P03|08...)$/,
  /** Two transactions got into each other's way; one of them has to start again. */
  collided: /^(40001|40P01)$/,
  credentials: /^28...$/,
  noDatabase: /^3D000$/,
} as const;

/** Node's codes for a server that is not there, or not any more. */
const network =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ENOENT|ECONNABORTED)$/;

/** The driver's own errors have no codes. */
const driverLost =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|timeout expired)|not queryable$/;

const certificate = /^(ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/;

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';

const messageOf = (error: unknown): string => (types.isNativeError(error) ? error.message : String(error));

/** Whether a connection that ended, or could not be made, is the reason: the next one may do. */
export const isAway = (error: unknown): boolean => {
  const code = codeOf(error);
  return [states.unready, states.ended, network].some((p) => p.test(code)) || driverLost.test(messageOf(error));
};

export const isCollision = (error: unknown): boolean => states.collided.test(codeOf(error));

/** For an error of connecting that waiting does not mend. */
export function refusal(error: unknown): Error {
  const code = codeOf(error);
  const message = messageOf(error);
  const remedy = 'Correct DATABASE_URL (in the cluster: in the Secret that holds it).';
  if (states.credentials.test(code)) return new InputError(`PostgreSQL refuses us: ${message}.`, remedy);
  if (states.noDatabase.test(code)) {
    return new InputError(`PostgreSQL has no such database: ${message}.`, `Create it, or: ${remedy}`);
  }
  if (certificate.test(code)) {
    return new InputError(
      `The certificate of PostgreSQL is not accepted: ${message}.`,
      'Name the authority that signed it with sslrootcert in DATABASE_URL.',
    );
  }
  if (/does not support SSL/.test(message)) {
    return new InputError('PostgreSQL offers no TLS.', 'Switch TLS on there, or set sslmode=disable in DATABASE_URL.');
  }
  return types.isNativeError(error) ? error : new Error(message);
}

/** For a server that stays away, and for a statement of which it is not known whether it was carried out. */
export const away = (error: unknown, during: 'connecting' | 'statement'): RunError =>
  new RunError(
    during === 'connecting'
      ? `PostgreSQL cannot be reached: ${messageOf(error)}.`
      : `The connection to PostgreSQL ended during a statement: ${messageOf(error)}.`,
    'Look whether the server runs and can be reached from here; what was under way is tried again.',
    { cause: error },
  );
