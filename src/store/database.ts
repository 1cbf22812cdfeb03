/** Rows come back as plain objects; parameters are $1, $2, ... */
export interface Queries {
  query<Row>(sql: string, params?: readonly unknown[]): Promise<readonly Row[]>;
}

/** A PostgreSQL, embedded or served: every statement of the store runs unchanged on both. */
export interface Database extends Queries {
  /**
   * All of `work` or nothing of it. `work` touches nothing but its queries: where it collides with another transaction
   * on a served database, it runs again.
   */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
