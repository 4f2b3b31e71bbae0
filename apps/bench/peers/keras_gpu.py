"""Trials of the tutorial's network in Keras, through `fit`, on the backend JAX or PyTorch."""

import os

import recipe
import trials
import variants

arguments = trials.arguments(__doc__, variants.KERAS)
BACKEND, STEPS_AN_EXECUTION, BYTES = variants.KERAS[arguments.variant]
os.environ["KERAS_BACKEND"] = BACKEND
os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"  # several engines share the GPU's memory
os.environ["JAX_PLATFORMS"] = arguments.device
os.environ["JAX_DEFAULT_MATMUL_PRECISION"] = (
    "float32" if arguments.precision == "fp32" else "tensorfloat32"
)

import keras
import numpy as np
from keras import layers

ACTIVATIONS = {
    "sigmoid": keras.activations.sigmoid,
    "relu": keras.activations.relu,
    "elu": keras.activations.elu,
    "leaky_relu": lambda x: keras.activations.leaky_relu(x, negative_slope=recipe.LEAKY_SLOPE),
    "selu": keras.activations.selu,
    "gelu_tanh": lambda x: keras.activations.gelu(x, approximate=True),
}


def model(activation):
    act = ACTIVATIONS[activation]
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1), dtype="uint8" if BYTES else "float32"),
            *([layers.Rescaling(1 / 255)] if BYTES else []),
            layers.Conv2D(32, 3, activation=act),
            layers.Conv2D(64, 3, activation=act),
            layers.MaxPooling2D(2),
            layers.AlphaDropout(recipe.DROPOUT[0]),
            layers.Flatten(),
            layers.Dense(128, activation=act),
            layers.AlphaDropout(recipe.DROPOUT[1]),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )
    network.compile(
        loss="binary_crossentropy",
        optimizer=keras.optimizers.Adam(
            recipe.RATE, recipe.BETA1, recipe.BETA2, recipe.EPSILON, clipvalue=recipe.CLIP
        ),
        metrics=["categorical_accuracy"],
        jit_compile=BACKEND == "jax",
        steps_per_execution=STEPS_AN_EXECUTION,
    )
    network.optimizer.build(network.trainable_variables)
    return network


class Trial:
    def __init__(self, activations, train, test):
        self.network, self.train, self.test = model(activations[0]), train, test
        self.found = {}

    def reset(self, weights):
        self.network.set_weights(weights[0])
        adam = self.network.optimizer
        for variable in adam.variables:
            if variable is not adam.learning_rate:
                variable.assign(np.zeros(variable.shape, variable.dtype))

    def begin(self, epochs, validate):
        if epochs == 0:
            loss, accuracy = self.network.evaluate(*self.test, recipe.TEST_BATCH, verbose=0)
            self.found = {"val_loss": loss, "accuracy": accuracy}
            return
        history = self.network.fit(
            *self.train,
            batch_size=recipe.BATCH,
            epochs=epochs,
            validation_data=self.test if validate else None,
            validation_batch_size=recipe.TEST_BATCH,
            verbose=0,
        ).history
        self.found = {"loss": history["loss"][-1]}
        if validate:
            self.found |= {
                "val_loss": history["val_loss"][-1],
                "accuracy": history["val_categorical_accuracy"][-1],
            }

    def figures(self):
        return [self.found]


def choose_device():
    """PyTorch is told here what the environment tells JAX; returns the backend's version."""
    if BACKEND == "jax":
        import jax

        jax.devices()  # says which one is missing
        return f"JAX {jax.__version__}"
    import torch

    torch.set_float32_matmul_precision("highest" if arguments.precision == "fp32" else "high")
    torch.backends.cudnn.allow_tf32 = arguments.precision != "fp32"
    torch.backends.cudnn.benchmark = True
    found = "cuda" if torch.cuda.is_available() else "cpu"
    if found != arguments.device:
        raise SystemExit(f"Keras on PyTorch takes the device {found}")
    return f"PyTorch {torch.__version__}"


def engine():
    backend = choose_device()
    if arguments.precision == "bf16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    train, test = (
        (
            images[..., None] if BYTES else images[..., None].astype(np.float32) / 255,
            np.eye(10)[labels],
        )
        for images, labels in trials.data(arguments)
    )
    description = {
        "engine": f"Keras on {BACKEND}",
        "version": f"Keras {keras.__version__} on {backend}",
        "variant": arguments.variant,
    }
    return description, lambda activations: Trial(activations, train, test)


trials.serve(engine)
