"""pymoo's NSGA-II with its defaults: prints for each problem and seed the objectives of its last population, as JSON."""

import json
import sys

from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.optimize import minimize
from pymoo.problems import get_problem

settings = json.loads(sys.argv[1])
for problem in settings["problems"]:
    for seed in range(1, settings["seeds"] + 1):
        algorithm = NSGA2(pop_size=settings["population"])
        result = minimize(get_problem(problem), algorithm, ("n_eval", settings["evaluations"]), seed=seed)
        line = {"problem": problem, "seed": seed, "points": result.pop.get("F").tolist()}
        print(json.dumps({**line, "evaluations": result.algorithm.evaluator.n_eval}), flush=True)
