import { type Postgres, startPostgres as start } from '../../hack/cluster/postgres.ts';
import type { Ground } from './ground.ts';

export type { Postgres };

/** A PostgreSQL that pods reach. */
export const startPostgres = ({ folder, env, address, podRange }: Ground): Promise<Postgres> =>
  start({ folder, env, pods: { address, range: podRange } });
