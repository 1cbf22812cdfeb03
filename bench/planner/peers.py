"""The peers of `make bench-planner`, each as it comes from PyPI, over the rows of the table.

Reads a file of JSON: {"budgets", "epochs", "datasets": {NAME: {"features", "rows": [{"configuration", "accuracies",
"seconds"}]}}, "turns": [{"peer", "multiples", "seed", "dataset", "learn": [NAME, ...]}]}. Writes a line of JSON for each
turn: [{"peer", "dataset", "budget", "multiple", "seed", "value"}, ...].

A peer proposes a configuration of its space, which stands for the nearest row that it has not tried as long. Trying takes
the row's own seconds (going on from the epochs that it has, as all of these can), none takes longer than the budget, and
all together take the multiple of it. Its answer is the best accuracy seen, as a user would keep the best of the trials.
"""

import json
import logging
import os
import random
import sys
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "peers"))
import hyperband  # noqa: E402
from hyperband import REDUCTION  # noqa: E402

warnings.filterwarnings("ignore")
logging.disable(logging.ERROR)


class Spent(Exception):
    """The time of all trials is up."""


class Columns:
    """The columns of a configuration as a peer's space knows them: categories, and numbers by their range."""

    def __init__(self, datasets):
        rows = [row["configuration"] for one in datasets.values() for row in one["rows"]]
        self.values = {name: sorted({row[name] for row in rows}, key=str) for name in rows[0]}
        self.names = [name for name, values in self.values.items() if len(values) > 1]
        self.is_category = {name: isinstance(self.values[name][0], str) for name in self.names}
        self.is_log = {name: self._spans_powers(name) for name in self.names}

    def _spans_powers(self, name):
        if self.is_category[name]:
            return False
        low, high = self.range(name)
        return low > 0 and high / low >= 1000

    def range(self, name):
        values = [float(value) for value in self.values[name]]
        return min(values), max(values)

    def scaled(self, configuration):
        """Numbers between 0 and 1, and categories one of each, so that two that differ are one apart."""
        scaled = []
        for name in self.names:
            value = configuration[name]
            if self.is_category[name]:
                scaled.extend(0.5 * (value == one) for one in self.values[name])
                continue
            low, high = self.range(name)
            value = min(high, max(low, float(value)))
            if self.is_log[name]:
                scaled.append((np.log(value) - np.log(low)) / (np.log(high) - np.log(low)))
            else:
                scaled.append((value - low) / (high - low))
        return np.array(scaled)

    def space(self, seed):
        from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, UniformFloatHyperparameter

        space = ConfigurationSpace(seed=seed)
        for name in self.names:
            if self.is_category[name]:
                space.add(CategoricalHyperparameter(name, self.values[name]))
            else:
                space.add(UniformFloatHyperparameter(name, *self.range(name), log=self.is_log[name]))
        return space


class Trials:
    """The runs of one peer on one data set, and the time that they took."""

    def __init__(self, rows, columns, budget, multiple):
        self.rows = rows
        self.columns = columns
        self.scaled = np.array([columns.scaled(row["configuration"]) for row in rows])
        self.budget = budget
        self.left = multiple * budget
        self.epochs = [0] * len(rows)
        self.taken = [0.0] * len(rows)
        self.best = 0.0

    def is_over(self, row):
        """Whether another epoch of the row neither exists nor fits."""
        seconds = self.rows[row]["seconds"]
        done = self.epochs[row]
        return done >= len(seconds) or self.taken[row] + seconds[done] > self.budget

    def nearest(self, configuration, epochs):
        """The nearest row that was not tried for as many epochs; any where all were."""
        distance = np.abs(self.scaled - self.columns.scaled(configuration)).sum(axis=1)
        free = [r for r in range(len(self.rows)) if self.epochs[r] < epochs and not (self.epochs[r] > 0 and self.is_over(r))]
        if not free:
            raise Spent
        return min(free, key=lambda row: distance[row])

    def train(self, row, epochs):
        """Accuracy after so many epochs, or as many as there are and fit. Raises Spent when all time is gone."""
        one = self.rows[row]
        while self.epochs[row] < epochs:
            done = self.epochs[row]
            if done >= len(one["seconds"]):
                break
            cost = one["seconds"][done]
            if self.taken[row] + cost > self.budget:
                # a user finds out by waiting
                self._spend(self.budget - self.taken[row])
                self.taken[row] = self.budget
                break
            self._spend(cost)
            self.taken[row] += cost
            self.epochs[row] = done + 1
            self.best = max(self.best, one["accuracies"][done])
        return max(one["accuracies"][: self.epochs[row]], default=0.0)

    def _spend(self, seconds):
        self.left -= seconds
        if self.left < 0:
            raise Spent


def random_search(trials, columns, seed, epochs, learnt):
    del columns, learnt
    order = list(range(len(trials.rows)))
    random.Random(seed).shuffle(order)
    for row in order:
        trials.train(row, epochs)


def bohb(trials, columns, seed, epochs, learnt):
    del learnt
    rungs = -int(np.log(1 / epochs) / np.log(REDUCTION)) + 1
    fidelities = epochs * np.power(REDUCTION, -np.linspace(rungs - 1, 0, rungs))
    rows = {}

    def train(identity, configuration, fidelity):
        wanted = max(1, round(fidelity))
        if identity not in rows:
            rows[identity] = trials.nearest(configuration, wanted)
        return trials.train(rows[identity], wanted)

    hyperband.bohb(list(columns.space(seed).values()), fidelities, seed, train)


def smac(trials, columns, seed, epochs, learnt):
    del learnt
    import tempfile
    from pathlib import Path

    from smac import MultiFidelityFacade, Scenario
    from smac.runhistory import TrialValue

    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(
            columns.space(seed),
            deterministic=True,
            n_trials=100_000,
            min_budget=1,
            max_budget=epochs,
            seed=seed,
            output_directory=Path(folder),
        )
        facade = MultiFidelityFacade(scenario, lambda configuration, seed=0, budget=0: 0.0, overwrite=True, logging_level=False)
        rows = {}
        while True:
            trial = facade.ask()
            wanted = max(1, round(trial.budget or epochs))
            if trial.config not in rows:
                rows[trial.config] = trials.nearest(dict(trial.config), wanted)
            cost = 1 - trials.train(rows[trial.config], wanted)
            facade.tell(trial, TrialValue(cost=cost))


def optuna(trials, columns, seed, epochs, learnt):
    del learnt
    import optuna as library

    library.logging.disable_default_handler()
    sampler = library.samplers.TPESampler(seed=seed, multivariate=True)
    pruner = library.pruners.HyperbandPruner(1, epochs, REDUCTION)
    study = library.create_study(direction="maximize", sampler=sampler, pruner=pruner)

    def objective(trial):
        configuration = {
            name: trial.suggest_categorical(name, columns.values[name])
            if columns.is_category[name]
            else trial.suggest_float(name, *columns.range(name), log=columns.is_log[name])
            for name in columns.names
        }
        row = trials.nearest(configuration, 1 + max(trials.epochs))
        accuracy = 0.0
        for epoch in range(1, epochs + 1):
            accuracy = trials.train(row, epoch)
            trial.report(accuracy, epoch)
            if trials.is_over(row):
                break
            if trial.should_prune():
                raise library.TrialPruned
        return accuracy

    study.optimize(objective, n_trials=100_000)


def quick_tune(trials, columns, seed, epochs, learnt):
    """Its optimizer over the rows themselves, with predictors that learnt the rows of the training side."""
    from qtt.optimizers import QuickOptimizer

    performance, cost, features = learnt
    optimizer = QuickOptimizer(
        columns.space(seed), epochs, performance, cost, cost_aware=True, seed=seed, verbosity=0
    )
    optimizer.setup_pandas(frame([row["configuration"] for row in trials.rows], columns), features)
    while True:
        optimizer.ante()
        asked = optimizer.ask()
        if asked is None:
            return
        row, wanted = asked["config-id"], asked["fidelity"]
        before = trials.epochs[row]
        trials.train(row, wanted)
        accuracies = trials.rows[row]["accuracies"]
        status = trials.epochs[row] > before
        score = accuracies[trials.epochs[row] - 1] if status else 0.0
        optimizer.tell({"config-id": row, "fidelity": wanted, "score": score, "cost": 0.0, "status": status})


def frame(configurations, columns):
    import pandas

    return pandas.DataFrame([{name: one[name] for name in columns.names} for one in configurations])


def learn_quick_tune(datasets, learn, held, columns, epochs, seed):
    import gpytorch
    import pandas
    from qtt.predictors import CostPredictor, PerfPredictor

    # its process of 2048 observations solved exactly and once: it would iterate for seconds before each of thousands of epochs
    gpytorch.settings.max_cholesky_size._set_value(4096)
    gpytorch.settings.fast_pred_var._set_state(True)
    np.random.seed(seed)
    frames, curves, costs = [], [], []
    for name in learn:
        one = datasets[name]
        own = frame([row["configuration"] for row in one["rows"]], columns)
        frames.append(pandas.concat([own, pandas.DataFrame([one["features"]] * len(own))], axis=1))
        for row in one["rows"]:
            curve = np.full(epochs, np.nan)
            seen = row["accuracies"][:epochs]
            curve[: len(seen)] = seen
            curves.append(curve)
            costs.append(float(np.median(row["seconds"])))
    inputs = pandas.concat(frames, ignore_index=True)
    performance, cost = PerfPredictor(seed=seed, verbosity=0), CostPredictor(seed=seed, verbosity=0)
    performance.fit(inputs, np.array(curves))
    cost.fit(inputs, np.array(costs).reshape(-1, 1))
    return performance, cost, datasets[held]["features"]


PEERS = {"random": random_search, "bohb": bohb, "smac3": smac, "optuna": optuna, "quick-tune": quick_tune}


def main():
    with open(sys.argv[1], encoding="utf8") as file:
        job = json.load(file)
    datasets, epochs = job["datasets"], job["epochs"]
    columns = Columns(datasets)
    for turn in job["turns"]:
        peer, held, seed = turn["peer"], turn["dataset"], turn["seed"]
        learnt = None
        if peer == "quick-tune":
            learnt = learn_quick_tune(datasets, turn["learn"], held, columns, epochs, seed)
        runs = []
        for budget in job["budgets"]:
            for multiple in turn["multiples"]:
                trials = Trials(datasets[held]["rows"], columns, budget, multiple)
                try:
                    PEERS[peer](trials, columns, seed, epochs, learnt)
                except Spent:
                    pass
                run = {"peer": peer, "dataset": held, "budget": budget, "multiple": multiple, "seed": seed}
                runs.append({**run, "value": trials.best})
        print(json.dumps(runs), flush=True)


main()
