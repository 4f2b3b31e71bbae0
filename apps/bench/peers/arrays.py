"""What the recipe makes of seeds and sizes: weights, learning rates, the shares of rows."""

import numpy as np
import recipe


def initial_weights(activation, seed):
    """Kernel and bias of each layer: glorot_uniform, but lecun_normal for selu below the head."""
    random = np.random.default_rng(seed)
    weights = []
    for shape in recipe.KERNELS:
        field = int(np.prod(shape[:-2]))
        fan_in, fan_out = field * shape[-2], field * shape[-1]
        if activation == "selu" and shape != recipe.KERNELS[-1]:
            draws = random.standard_normal(shape)
            while (beyond := np.abs(draws) > 2).any():
                draws[beyond] = random.standard_normal(beyond.sum())
            kernel = draws * np.sqrt(1 / fan_in) / 0.87962566103423978
        else:
            limit = np.sqrt(6 / (fan_in + fan_out))
            kernel = random.uniform(-limit, limit, shape)
        weights += [kernel.astype(np.float32), np.zeros(shape[-1], np.float32)]
    return weights


def learning_rates(first, count):
    """Adam's step sizes with both corrections inside, of steps `first` (from 1) and so on.

    With them, p -= rate m / (sqrt(v) + eps): Keras's form, in which eps is not corrected.
    """
    t = np.arange(first, first + count, dtype=np.float64)
    return (recipe.RATE * np.sqrt(1 - recipe.BETA2**t) / (1 - recipe.BETA1**t)).astype(np.float32)


def shares(count):
    """[steps][BATCH]: what each row of each batch weighs in the mean loss; 0 behind the end."""
    steps = -(-count // recipe.BATCH)
    exists = np.arange(steps * recipe.BATCH).reshape(steps, recipe.BATCH) < count
    return (exists / exists.sum(1, keepdims=True)).astype(np.float32)
