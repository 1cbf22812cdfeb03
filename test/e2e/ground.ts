/** What servers beside the cluster need to know of the machine. */
export interface Ground {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where pods reach servers of this machine. */
  readonly address: string;
  readonly podRange: string;
}
