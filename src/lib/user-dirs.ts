import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where things that can be fetched or computed again are kept (XDG base directory specification). */
export const cacheDir = (env: NodeJS.ProcessEnv = process.env): string =>
  env.NASOA_CACHE_DIR ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'nasoa');

/** Where the user's own records (experience, imported members) are kept (XDG base directory specification). */
export const dataDir = (env: NodeJS.ProcessEnv = process.env): string =>
  env.NASOA_DATA_DIR ?? join(env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'nasoa');
