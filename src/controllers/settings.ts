/** What an installation decides for all pods of the trainer; the composition reads it from flags and environment. */
import type { Quantity } from '../crds/kubernetes.ts';

export interface TrainerSettings {
  /** Image of the trainer for pods without a GPU, and for those with one. */
  readonly image: string;
  readonly gpuImage: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** What a pod asks for where its object does not say. */
  readonly cpu: Quantity;
  readonly memory: Quantity;
  /** Most that a pod may keep of decoded images and the like; no limit where absent. */
  readonly scratchSize?: Quantity;
  /** Folder of the zoo inside the images. */
  readonly zooFolder: string;
  /** User and group of the pods; never 0. */
  readonly userId: number;
  /** Base address of the operator's Service for reports, such as `https://nasoa.nasoa-system.svc:8443`. */
  readonly reportAddress: string;
}
