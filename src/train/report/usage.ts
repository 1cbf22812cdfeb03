import type { TuneResult } from '../result.ts';
import { outputNames } from '../result.ts';
import { html, type Markup } from './markup.ts';

/** How to put the model to work. The commands assume the folder that holds the report. */
export function usageSection(result: TuneResult): Markup {
  const { model } = outputNames;
  return html`<section aria-label="Use the model"><h2>Use the model</h2>
<p>The folder <code>${model}/</code> beside this report holds a TensorFlow SavedModel. It takes images as they are, of any size: scaling and normalisation are part of the graph.</p>
<h3 style="margin-top:20px">On the command line</h3>
<pre tabindex="0">nasoa predict ${model} photo.jpg --top 3</pre>
<h3 style="margin-top:20px">As a service</h3>
<pre tabindex="0">docker run --rm -p 8501:8501 -e MODEL_NAME=classifier \\
  -v "$PWD/${model}:/models/classifier/1" tensorflow/serving</pre>
<h3 style="margin-top:20px">In Python</h3>
<pre tabindex="0">import tensorflow as tf

model = tf.saved_model.load("${model}")
image = tf.io.decode_image(tf.io.read_file("photo.jpg"), channels=3)
answer = model.signatures["serving_default"](tf.expand_dims(image, 0))</pre>
${provenance(result)}</section>`;
}

function provenance({ versions, machine, seed, finishedAt }: TuneResult): Markup {
  const entries = [
    ...Object.entries(versions),
    ...Object.entries(machine),
    ['seed', String(seed)],
    ['finished', finishedAt],
  ];
  return html`<details><summary>Versions and machine</summary><dl class="facts">${entries.map(
    ([name = '', value = '']) => html`<dt>${name}</dt><dd>${value}</dd>`,
  )}</dl></details>`;
}
