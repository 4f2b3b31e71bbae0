"""Training steps of the tutorial's network in Keras on TensorFlow, through `fit`."""

import os

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


def dataset():
    """Endless epochs, each in a new order; whole batches are gathered and scaled, two ahead."""
    images, labels = protocol.training_data(arguments.data)
    images, labels = tf.constant(images[..., None]), tf.constant(labels)

    def batch(indices):
        x = tf.cast(tf.gather(images, indices), tf.float32) / 255.0
        return x, tf.one_hot(tf.gather(labels, indices), 10)

    order = tf.data.Dataset.range(protocol.TRAIN_IMAGES).shuffle(protocol.TRAIN_IMAGES)
    return order.batch(protocol.BATCH).repeat().map(batch).prefetch(2)


class Clock(keras.callbacks.Callback):
    """Starts behind the first execution, so that the setup of `fit` is not counted."""

    def on_train_begin(self, logs=None):
        self.started = None

    def on_train_batch_end(self, batch, logs=None):
        self.stopped = protocol.time.perf_counter()
        self.started = self.started or self.stopped


def variant(data, steps_per_execution=1, **settings):
    def build():
        network = model(steps_per_execution=steps_per_execution, **settings)
        clock = Clock()

        def run(steps):
            per = steps_per_execution
            timed = -(-steps // per) * per
            history = network.fit(
                data, steps_per_epoch=timed + per, epochs=1, verbose=0, callbacks=[clock]
            )
            return (clock.stopped - clock.started) * steps / timed, history.history["loss"][-1]

        return run

    return build


def engine():
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    if arguments.precision == "bf16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    data = dataset()
    plain = {"jit_compile": False, "fused_activation": False}
    variants = {
        "graph": variant(data, **plain),
        "graph, 8 steps an execution": variant(data, 8, **plain),
        "graph, activation under XLA": variant(data, jit_compile=False, fused_activation=True),
        "XLA": variant(data, jit_compile=True, fused_activation=False),
    }
    name, run, figures = protocol.fastest(variants, arguments.variant)
    description = {
        "engine": "Keras on TensorFlow",
        "version": f"Keras {keras.__version__}, TensorFlow {tf.__version__}",
        "variant": name,
        "variants_ms": figures,
    }
    return description, run


protocol.serve(engine)
