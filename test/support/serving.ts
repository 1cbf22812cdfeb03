import { tensorflow } from '../../src/graph/session.ts';

/** What the exported model says of a batch of uint8 images [n, h, w, 3]. */
export interface Served {
  readonly logits: Float32Array;
  readonly probabilities: Float32Array;
  readonly label: readonly string[];
  readonly labels: readonly string[];
}

export interface Server {
  serve(images: Int32Array, shape: readonly [number, number, number]): Served;
  close(): void;
}

/** Loads an exported folder as TensorFlow Serving would, strings included. */
export async function serverOf(folder: string): Promise<Server> {
  const tf = await tensorflow();
  const loaded = await tf.node.loadSavedModel(folder, ['serve'], 'serving_default');
  return {
    serve: (data, [n, h, w]) => {
      const images = tf.tensor4d(data, [n, h, w, 3], 'int32');
      const outputs = loaded.predict({ images });
      const named = outputs as Exclude<typeof outputs, { readonly dtype: unknown } | readonly unknown[]>;
      const floats = (key: string) => Float32Array.from(named[key]?.dataSync<'float32'>() ?? []);
      const texts = (key: string) => [...(named[key]?.dataSync<'string'>() ?? [])].map(String);
      return {
        logits: floats('logits'),
        probabilities: floats('probabilities'),
        label: texts('label'),
        labels: texts('labels'),
      };
    },
    close: () => loaded.dispose(),
  };
}
