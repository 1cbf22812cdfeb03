/** Everything that became of the objects of a kind, in order, over outages of the API server. */
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import type { ControlPlane } from '../../hack/cluster/control-plane.ts';

export interface Entry<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: T & { readonly metadata: Metadata };
  /** One count for all objects of the cluster: a smaller one was written earlier. */
  readonly revision: number;
}

interface Metadata {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels?: Readonly<Record<string, string>>;
}

interface Line<T> {
  /** Absent from a refusal, which is no event. */
  readonly type?: Entry<T>['type'] | 'BOOKMARK' | 'ERROR';
  readonly object: T & { readonly metadata: Metadata };
}

const againMs = 500;

export class History<T> {
  readonly entries: Entry<T>[] = [];
  readonly #plane: ControlPlane;
  readonly #path: string;
  readonly #agent: Agent;
  #isStopped = false;
  #cut: () => void = () => undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(plane: ControlPlane, path: string) {
    this.#plane = plane;
    this.#path = path;
    const { authority, admin } = plane;
    const proof = { cert: readFileSync(admin.cert), key: readFileSync(admin.key) };
    this.#agent = new Agent({ ca: readFileSync(authority.cert), ...proof });
  }

  async start(): Promise<void> {
    let from = await this.#list();
    this.#done = (async () => {
      while (!this.#isStopped) {
        await this.#watch(from).catch(() => undefined);
        if (this.#isStopped) return;
        await pause(againMs);
        // what happened between is seen as the state that it left
        from = await this.#list().catch(() => from);
      }
    })();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cut();
    await this.#done;
    this.#agent.destroy();
  }

  async #list(): Promise<string> {
    type List = {
      readonly items: readonly Entry<T>['object'][];
      readonly metadata: { readonly resourceVersion: string };
    };
    const { items, metadata } = await this.#plane.api.call<List>('GET', this.#path);
    for (const object of items) this.#add({ type: 'MODIFIED', object });
    return metadata.resourceVersion;
  }

  #watch(from: string): Promise<void> {
    const url = new URL(`${this.#path}?watch=1&resourceVersion=${from}`, this.#plane.url);
    return new Promise((resolve, reject) => {
      const request = get(url, { agent: this.#agent }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          const lines = (text + chunk).split('\n');
          text = lines.pop() ?? '';
          for (const line of lines) this.#add(JSON.parse(line) as Line<T>);
        });
        response.on('close', resolve);
      });
      request.on('error', reject);
      this.#cut = () => request.destroy();
    });
  }

  #add({ type, object }: Line<T>): void {
    if (type === undefined || type === 'BOOKMARK' || type === 'ERROR') return;
    this.entries.push({ type, object, revision: Number(object.metadata.resourceVersion) });
  }
}
