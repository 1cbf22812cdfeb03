"""BOHB as hpbandster brings it: its generator of configurations and its successive halving, without the servers that spread
its jobs."""

import numpy as np

REDUCTION = 3


def bohb(hyperparameters, fidelities, seed, train):
    """Proposes until `train(identity, configuration, fidelity)`, which gives the accuracy reached, raises what ends it.

    A configuration that is promoted comes again under the same identity with the next of the ascending `fidelities`.
    """
    import ConfigSpace
    from hpbandster.core.dispatcher import Job
    from hpbandster.optimizers.config_generators.bohb import BOHB
    from hpbandster.optimizers.iterations.successivehalving import SuccessiveHalving

    # hpbandster is older than the names of today's ConfigSpace
    class Space(ConfigSpace.ConfigurationSpace):
        def get_hyperparameters(self):
            return list(self.values())

        def get_hyperparameter_by_idx(self, index):
            return list(self.keys())[index]

        def get_hyperparameter(self, name):
            return self[name]

    ConfigSpace.Configuration.get_dictionary = lambda self: dict(self)
    np.random.seed(seed)
    space = Space(seed=seed)
    space.add(hyperparameters)
    generator = BOHB(space)
    rungs = len(fidelities)
    for bracket in range(10_000):
        s = rungs - 1 - bracket % rungs
        first = int(np.floor(rungs / (s + 1)) * REDUCTION**s)
        counts = [max(int(first * REDUCTION**-i), 1) for i in range(s + 1)]
        halving = SuccessiveHalving(bracket, counts, np.array(fidelities[-s - 1 :]), generator.get_config)
        while (following := halving.get_next_run()) is not None:
            identity, configuration, fidelity = following
            job = Job(identity, config=configuration, budget=fidelity)
            job.result = {"loss": 1 - train(identity, configuration, fidelity), "info": {}}
            halving.register_result(job)
            generator.new_result(job)
