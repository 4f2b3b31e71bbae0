"""Training steps of the tutorial's network in Keras on TensorFlow, through `fit`."""

import os

import arrays
import protocol

arguments = protocol.arguments(__doc__)
os.environ.update(KERAS_BACKEND="tensorflow", TF_ENABLE_ONEDNN_OPTS="1", TF_CPP_MIN_LOG_LEVEL="1")
os.environ["OMP_NUM_THREADS"] = str(arguments.threads)

import keras
import tensorflow as tf
from keras import layers

ACTIVATIONS = {
    "sigmoid": keras.activations.sigmoid,
    "relu": keras.activations.relu,
    "elu": keras.activations.elu,
    "leaky_relu": lambda x: keras.activations.leaky_relu(x, negative_slope=0.2),
    "selu": keras.activations.selu,
    "gelu_tanh": lambda x: keras.activations.gelu(x, approximate=True),
}


def loss(t, p):
    """Binary cross-entropy of the probabilities.

    Without the identity, Keras on TensorFlow finds the logits behind the softmax and computes ten
    independent sigmoids instead.
    """
    return keras.losses.binary_crossentropy(t, tf.identity(p))


def model(jit_compile, steps_per_execution, fused_activation):
    act = ACTIVATIONS[arguments.activation]
    if fused_activation:
        act = tf.function(act, jit_compile=True)
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation=act),
            layers.Conv2D(64, 3, activation=act),
            layers.MaxPooling2D(2),
            layers.AlphaDropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation=act),
            layers.AlphaDropout(0.5),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )
    network.compile(
        loss=loss,
        optimizer=keras.optimizers.Adam(1e-3, epsilon=1e-7, clipvalue=0.5),
        metrics=["accuracy"],
        jit_compile=jit_compile,
        steps_per_execution=steps_per_execution,
    )
    return network


class Batches:
    """The training images; whole batches are gathered and scaled, two ahead."""

    def __init__(self):
        images, labels = protocol.training_data(arguments.data)
        self.images, self.labels = tf.constant(images[..., None]), tf.constant(labels)

    def batch(self, step):
        first = step % protocol.BATCHES * protocol.BATCH
        indices = first + tf.range(protocol.BATCH, dtype=tf.int64)
        x = tf.cast(tf.gather(self.images, indices), tf.float32) / 255.0
        return x, tf.one_hot(tf.gather(self.labels, indices), 10)

    def of_steps(self, first, count):
        return tf.data.Dataset.range(first, first + count).map(self.batch).prefetch(2)


class Clock(keras.callbacks.Callback):
    """Starts behind the first execution, so that the setup of `fit` is not counted."""

    def on_train_begin(self, logs=None):
        self.started = None

    def on_train_batch_end(self, batch, logs=None):
        self.stopped = protocol.time.perf_counter()
        self.started = self.started or self.stopped


class Course:
    def __init__(self, data, steps_per_execution=1, **settings):
        self.data, self.steps_per_execution = data, steps_per_execution
        self.network = model(steps_per_execution=steps_per_execution, **settings)
        self.network.optimizer.build(self.network.trainable_variables)
        self.fresh = [variable.numpy() for variable in self.network.optimizer.variables]
        self.restart()

    def restart(self):
        self.network.set_weights(arrays.initial_weights(arguments.activation, 0))
        for variable, value in zip(self.network.optimizer.variables, self.fresh):
            variable.assign(value)
        self.done = 0

    def run(self, steps):
        """All of the steps are taken; the first execution is not timed."""
        clock = Clock()
        batches = self.data.of_steps(self.done, steps)
        history = self.network.fit(
            batches, steps_per_epoch=steps, epochs=1, verbose=0, callbacks=[clock]
        )
        self.done += steps
        seconds = (clock.stopped - clock.started) / (steps - self.steps_per_execution)
        return seconds, history.history["loss"][-1]


def variant(*settings, **named):
    return lambda: Course(*settings, **named)


def engine():
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    if arguments.precision == "bf16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    data = Batches()
    plain = {"jit_compile": False, "fused_activation": False}
    variants = {
        "graph": variant(data, **plain),
        "graph, 8 steps an execution": variant(
            data, protocol.MOST_STEPS_AN_EXECUTION, **plain
        ),
        "graph, activation under XLA": variant(data, jit_compile=False, fused_activation=True),
        "XLA": variant(data, jit_compile=True, fused_activation=False),
    }
    name, course, figures = protocol.fastest(variants, arguments.variant)
    description = {
        "engine": "Keras on TensorFlow",
        "version": f"Keras {keras.__version__}, TensorFlow {tf.__version__}",
        "variant": name,
        "variants_ms": figures,
    }
    return description, course


protocol.serve(engine)
