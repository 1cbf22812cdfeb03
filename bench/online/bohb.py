"""BOHB for `bench-online`: asks for trials on standard output, and reads what they reached from standard input.

Argument: JSON {"seed", "seconds": [ascending], "space": [{"name", "values"} or {"name", "range": [low, high], "log"}]}. A
question is a line {"configuration", "seconds"}, an answer a line with the accuracy; the end of the answers is the end.
"""

import json
import logging
import os
import sys
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "peers"))
import hyperband  # noqa: E402

warnings.filterwarnings("ignore")
logging.disable(logging.ERROR)


class Ended(Exception):
    """No answer comes any more."""


def hyperparameter(one):
    from ConfigSpace import CategoricalHyperparameter, UniformFloatHyperparameter

    if "values" in one:
        return CategoricalHyperparameter(one["name"], one["values"])
    return UniformFloatHyperparameter(one["name"], *one["range"], log=one["log"])


def ask(_identity, configuration, seconds):
    plain = {name: value.item() if hasattr(value, "item") else value for name, value in configuration.items()}
    print(json.dumps({"configuration": plain, "seconds": float(seconds)}), flush=True)
    line = sys.stdin.readline()
    if line == "":
        raise Ended
    return json.loads(line)


def main():
    job = json.loads(sys.argv[1])
    try:
        hyperband.bohb([hyperparameter(one) for one in job["space"]], job["seconds"], job["seed"], ask)
    except Ended:
        pass


main()
