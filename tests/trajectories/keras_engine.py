"""The runs in real Keras 3, on its torch backend, or on JAX where KERAS_BACKEND says so.

On TensorFlow, Keras computes `binary_crossentropy` from the logits behind the softmax instead of
from the probabilities: another objective. The other backends compute the documented one.
"""

import os
from unittest import mock

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from keras.src.layers.regularization import alpha_dropout as keras_alpha_dropout

from problem import ACTIVATIONS, CLASSES, OTHER_SHAPES, SHAPES, SIDE


def initial_weights(seed, network="convolution"):
    """glorot_uniform kernels and zero biases, by variable name."""
    return {
        name: np.asarray(
            keras.ops.convert_to_numpy(keras.initializers.GlorotUniform(seed + i)(shape))
            if name.endswith("kernel")
            else np.zeros(shape),
            np.float32,
        )
        for i, (name, shape) in enumerate((SHAPES | OTHER_SHAPES[network]).items())
    }


def build(activation, weights, network="convolution"):
    function = getattr(keras.activations, activation)

    def act(x):
        return function(x, **ACTIVATIONS[activation])

    second = {
        "convolution": keras.layers.Conv2D(8, 3, activation=act),
        "depthwise": keras.layers.DepthwiseConv2D(3, depth_multiplier=2, activation=act),
    }
    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            keras.layers.Conv2D(4, 3, activation=act),
            second[network],
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(16, activation=act),
            keras.layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.set_weights([weights[name] for name in SHAPES])
    return model


def optimizer_of(run, **more):
    settings = {key: value for key, value in run.optimizer.items() if key != "name"}
    kinds = {
        kind.__name__.lower(): kind
        for kind in (
            keras.optimizers.Adam,
            keras.optimizers.AdamW,
            keras.optimizers.SGD,
            keras.optimizers.RMSprop,
            keras.optimizers.Nadam,
            keras.optimizers.Adagrad,
            keras.optimizers.Adamax,
            keras.optimizers.Lion,
        )
    }
    return kinds[run.optimizer["name"]](**settings, **run.clipping, **more)


def steps(run, weights, batches, **more):
    """The loss of each step, and the model after the last one."""
    model = build(run.activation, weights, run.network)
    model.compile(loss=run.loss, optimizer=optimizer_of(run, **more))
    losses = []
    for x, t in batches:
        model.reset_metrics()  # otherwise train_on_batch returns the mean since the start
        losses.append(np.float32(model.train_on_batch(x, t)))
    return losses, model


def train(run, weights, batches):
    """The loss of each step, and the weights after the last one."""
    losses, model = steps(run, weights, batches)
    return losses, dict(zip(SHAPES, model.get_weights()))


def averages(run, weights, batches, ema_momentum):
    """The weights that SwapEMAWeights evaluates with after the last step."""
    _, model = steps(run, weights, batches, use_ema=True, ema_momentum=ema_momentum)
    swap = keras.callbacks.SwapEMAWeights()
    swap.set_model(model)
    swap.on_test_begin()
    return dict(zip(SHAPES, model.get_weights()))


def predict(activation, weights, x):
    return build(activation, weights).predict(x, verbose=0)


def alpha_dropout(x, uniform, upstream, rate):
    """y and dL/dx of Keras's own layer given its uniform draws, for L = sum(y upstream)."""
    import torch

    leaf = torch.tensor(x, requires_grad=True)
    draws = mock.Mock(return_value=torch.tensor(uniform))
    with mock.patch.object(keras_alpha_dropout.ops.random, "uniform", draws):
        y = keras.layers.AlphaDropout(rate)(leaf, training=True)
    draws.assert_called_once()
    (y * torch.tensor(upstream)).sum().backward()
    return y.detach().numpy(), leaf.grad.numpy()
