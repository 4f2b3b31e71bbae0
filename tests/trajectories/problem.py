"""The problem that every engine is given: data, initial weights, and the list of runs."""

from dataclasses import dataclass
from itertools import product

import numpy as np

SEED = 438  # chosen: no tie of the max-pool and no kink within a few roundings of any trajectory
SIDE = 12
IMAGES = 72  # five batches a cycle, the last of 8: the partial batch is part of the comparison
BATCH = 16
STEPS = 20
CLASSES = 10

# Trainable variables in order, Keras's layouts: kernels [kh][kw][in][out] and [in][out].
SHAPES = {
    "conv1/kernel": (3, 3, 1, 4),
    "conv1/bias": (4,),
    "conv2/kernel": (3, 3, 4, 8),
    "conv2/bias": (8,),
    "dense1/kernel": (128, 16),
    "dense1/bias": (16,),
    "dense2/kernel": (16, CLASSES),
    "dense2/bias": (CLASSES,),
}

# What a network has instead: the second layer convolves each channel by itself, with two kernels.
OTHER_SHAPES = {"convolution": {}, "depthwise": {"conv2/kernel": (3, 3, 4, 2)}}

# Parameters beyond the name, in the vocabulary of the file.
ACTIVATIONS = {
    "sigmoid": {},
    "relu": {},
    "elu": {"alpha": 1.0},
    "leaky_relu": {"negative_slope": 0.2},
    "selu": {},
    "gelu": {"approximate": True},
}

ADAM = {
    "name": "adam",
    "learning_rate": 0.001,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-7,
}

# What the others of the list do in one form or in several: Keras's defaults, at the rate of SGD's
# runs where the steps are as small as SGD's.
BETAS = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
OTHERS = [
    {"name": "adamw", **BETAS, "weight_decay": 0.004},
    *(
        {
            "name": "rmsprop",
            "learning_rate": 0.001,
            "rho": 0.9,
            "momentum": momentum,
            "epsilon": 1e-7,
            "centered": centered,
        }
        for momentum, centered in product((0.0, 0.9), (False, True))
    ),
    {"name": "nadam", **BETAS},
    {
        "name": "adagrad",
        "learning_rate": 0.05,
        "initial_accumulator_value": 0.1,
        "epsilon": 1e-7,
    },
    {"name": "adamax", **BETAS},
    {"name": "lion", "learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.99},
]

# Thresholds that bite in most steps; make_trajectories.py checks that.
CLIPPING = {
    "binary_crossentropy": {"clipvalue": 0.002, "clipnorm": 0.01, "global_clipnorm": 0.02},
    "categorical_crossentropy": {"clipvalue": 0.01, "clipnorm": 0.05, "global_clipnorm": 0.1},
}


@dataclass(frozen=True)
class Run:
    """One training: `clipping` is empty or has one of Keras's three keys."""

    activation: str
    loss: str
    optimizer: dict
    clipping: dict
    network: str = "convolution"  # what the second layer is

    @property
    def name(self):
        momentum = "nesterov" if self.optimizer.get("nesterov") else "momentum"
        optimizer = self.optimizer["name"]
        if self.optimizer.get("momentum"):
            optimizer += f"-{momentum}"
        if self.optimizer.get("centered"):
            optimizer += "-centered"
        clipping = next(iter(self.clipping), "unclipped")
        network = "" if self.network == "convolution" else f"/{self.network}"
        return f"{self.activation}/{self.loss}/{optimizer}/{clipping}{network}"


def runs():
    """Every activation, loss and clipping with Adam, then the other optimizers in all forms, then
    the other network."""
    for activation, loss in product(ACTIVATIONS, CLIPPING):
        yield Run(activation, loss, ADAM, {})
        for key, threshold in CLIPPING[loss].items():
            yield Run(activation, loss, ADAM, {key: threshold})
    for momentum, nesterov in ((0.0, False), (0.9, False), (0.9, True)):
        sgd = {"name": "sgd", "learning_rate": 0.05, "momentum": momentum, "nesterov": nesterov}
        yield Run("selu", "categorical_crossentropy", sgd, {})
    for optimizer in OTHERS:
        yield Run("selu", "categorical_crossentropy", optimizer, {})
    for activation in ("relu", "selu", "gelu"):
        yield Run(activation, "categorical_crossentropy", ADAM, {}, "depthwise")


def images_and_labels():
    """uint8 images [72][12][12] and labels [72]: noisy strokes, one pattern a class.

    The background is exactly zero, as in MNIST, so that convolutions over it give exactly the bias:
    the derivative at the kink and the ties of the max-pool are part of the comparison.
    """
    random = np.random.default_rng(SEED)
    coarse = random.random((CLASSES, 5, 5)) < 0.45
    patterns = np.kron(coarse, np.ones((2, 2)))  # strokes two pixels wide
    labels = np.arange(IMAGES) % CLASSES
    images = np.zeros((IMAGES, SIDE, SIDE), np.uint8)
    for image, label in zip(images, labels):
        row, column = random.integers(0, 3, 2)
        ink = patterns[label] * random.integers(90, 256, (10, 10))
        image[row : row + 10, column : column + 10] = ink
    return images, labels.astype(np.uint8)


def batches(images, labels):
    """The 20 batches in stored order: float32 x [n][12][12][1] = u8 / 255, one-hot t [n][10]."""
    x = images.astype(np.float32)[..., None] / np.float32(255)
    t = np.eye(CLASSES, dtype=np.float32)[labels]
    starts = range(0, IMAGES, BATCH)
    cycle = [(x[i : i + BATCH], t[i : i + BATCH]) for i in starts]
    return [cycle[step % len(cycle)] for step in range(STEPS)]
