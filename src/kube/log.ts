/** Where a constant sentence and its fields go; winston's logger fits. */
export interface KubeLog {
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export const noLog: KubeLog = { info: () => undefined, warn: () => undefined };

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
