"""Loads an exported model with Python's TensorFlow: export_check.py MODEL IMAGES SHAPE prints its answers as JSON."""
import json
import sys

import numpy as np
import tensorflow as tf

_, model, images, shape = sys.argv
serve = tf.saved_model.load(model).signatures["serving_default"]
pixels = np.fromfile(images, dtype=np.uint8).reshape([int(side) for side in shape.split(",")])
answers = serve(images=tf.constant(pixels))
print(
    json.dumps(
        {
            "logits": answers["logits"].numpy().ravel().tolist(),
            "probabilities": answers["probabilities"].numpy().ravel().tolist(),
            "label": [name.decode() for name in answers["label"].numpy()],
            "labels": [name.decode() for name in answers["labels"].numpy()],
        }
    )
)
