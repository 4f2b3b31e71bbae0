"""Trials of the tutorial's network in JAX: an epoch is one compiled scan over its steps."""

import os

import arrays
import recipe
import trials
import variants

arguments = trials.arguments(__doc__, variants.JAX)
UNROLL, POOL, FLAGS = variants.JAX[arguments.variant]
if arguments.device == "cuda":
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {FLAGS}".strip()
os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"  # several engines share the GPU's memory
os.environ["JAX_PLATFORMS"] = arguments.device
PRECISIONS = {"fp32": "float32", "tf32": "tensorfloat32", "bf16": "tensorfloat32"}
os.environ["JAX_DEFAULT_MATMUL_PRECISION"] = PRECISIONS[arguments.precision]

import jax
import jax.numpy as jnp
from jax import lax, nn, random

INPUTS = jnp.bfloat16 if arguments.precision == "bf16" else jnp.float32  # of matrix products
ACTIVATIONS = {
    "sigmoid": nn.sigmoid,
    "relu": nn.relu,
    "elu": nn.elu,
    "leaky_relu": lambda x: nn.leaky_relu(x, recipe.LEAKY_SLOPE),
    "selu": nn.selu,
    "gelu_tanh": lambda x: nn.gelu(x, approximate=True),
}


def alpha_dropout(x, rate, key):
    a, b, dropped = recipe.alpha_dropout(rate)
    kept = random.bits(key, x.shape, jnp.uint16) >= round(rate * 65536)
    return jnp.where(kept, x * a + b, dropped).astype(x.dtype)


def pool(x):
    if POOL == "window":
        window = (1, 2, 2, 1)
        return lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID")
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max((2, 4))


def logits_of(weights, images, act, keys):
    """Images [n][28][28][1] of bytes become logits [n][10]; `keys` is None without dropout."""
    w1, b1, w2, b2, w3, b3, w4, b4 = (w.astype(INPUTS) for w in weights)

    def convolution(x, w):
        return lax.conv_general_dilated(
            x, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    x = images.astype(INPUTS) / 255
    x = act(convolution(x, w1) + b1)
    x = pool(act(convolution(x, w2) + b2))
    if keys is not None:
        x = alpha_dropout(x, recipe.DROPOUT[0], keys[0])
    x = act(x.reshape(len(x), -1) @ w3 + b3)
    if keys is not None:
        x = alpha_dropout(x, recipe.DROPOUT[1], keys[1])
    return (x @ w4 + b4).astype(jnp.float32)


def losses(weights, images, labels, act, keys=None):
    """Loss of each image, and whether its largest output is the right one."""
    p = nn.softmax(logits_of(weights, images, act, keys))
    clipped = jnp.clip(p, recipe.PROBABILITY, 1 - recipe.PROBABILITY)
    right = nn.one_hot(labels, 10)
    each = -(right * jnp.log(clipped) + (1 - right) * jnp.log1p(-clipped)).mean(1)
    return each, p.argmax(1) == labels


def adam(state, gradients, rate):
    def update(w, m, v, g):
        g = jnp.clip(g, -recipe.CLIP, recipe.CLIP)
        m = recipe.BETA1 * m + (1 - recipe.BETA1) * g
        v = recipe.BETA2 * v + (1 - recipe.BETA2) * g * g
        return w - rate * m / (jnp.sqrt(v) + recipe.EPSILON), m, v

    return tuple(zip(*map(update, *state, gradients)))


def train_epoch(state, key, rates, act, images, labels):
    """(state, [sum of losses, hits]) after an epoch in a new order; state is (weights, m, v)."""
    shares = jnp.asarray(arrays.shares(len(labels)))
    order_key, mask_key = random.split(key)
    order = random.permutation(order_key, len(labels))
    order = jnp.pad(order, (0, shares.size - len(labels))).reshape(shares.shape)

    def step(carried, batch):
        state, sums = carried
        index, share, rate, number = batch
        keys = random.split(random.fold_in(mask_key, number))

        def loss(weights):
            each, hits = losses(weights, images[index], labels[index], act, keys)
            exists = share > 0
            logged = jnp.stack([(each * exists).sum(), (hits & exists).sum()])
            return (each * share).sum(), logged

        gradients, logged = jax.grad(loss, has_aux=True)(state[0])
        return (adam(state, gradients, rate), sums + logged), None

    batches = order, shares, rates, jnp.arange(len(shares))
    return lax.scan(step, (state, jnp.zeros(2)), batches, unroll=UNROLL)[0]


def test_sums(weights, act, images, labels):
    """[sum of losses, hits]"""
    parts = len(labels) // recipe.TEST_BATCH if len(labels) % recipe.TEST_BATCH == 0 else 1

    def part(rows):
        return jnp.stack([values.sum() for values in losses(weights, *rows, act)])

    cut = images.reshape(parts, -1, *images.shape[1:]), labels.reshape(parts, -1)
    return lax.map(part, cut).sum(0)


class Trial:
    """One model, or several side by side by vmap, which computes every activation for each."""

    def __init__(self, activations, train, test):
        self.train, self.test = train, test
        self.several = len(activations) > 1
        functions = [ACTIVATIONS[name] for name in activations]

        def act_of(which):
            return lambda x: lax.switch(which, functions, x) if self.several else functions[0](x)

        def train_one(which, state, key, rates, *data):
            return train_epoch(state, key, rates, act_of(which), *data)

        def test_one(which, weights, *data):
            return test_sums(weights, act_of(which), *data)

        self.which, axes = None, (0, 0, 0, None, None, None)
        if self.several:
            self.which = jnp.arange(len(activations))
            train_one = jax.vmap(train_one, axes)
            test_one = jax.vmap(test_one, (0, 0, None, None))
        self.train_all = jax.jit(train_one, donate_argnums=1)
        self.test_all = jax.jit(test_one)
        self.key = random.key(0, impl="unsafe_rbg")
        self.reset([arrays.initial_weights(name, 0) for name in activations])

    def reset(self, weights):
        weights = [jnp.stack(layer) for layer in zip(*weights)]
        if not self.several:
            weights = [layer[0] for layer in weights]
        self.state = tuple(weights), *(tuple(map(jnp.zeros_like, weights)) for _ in range(2))
        self.epochs_done, self.trained, self.tested = 0, None, None

    def begin(self, epochs, validate):
        steps = -(-len(self.train[1]) // recipe.BATCH)
        for epoch in range(self.epochs_done, self.epochs_done + epochs):
            key = random.fold_in(self.key, epoch)
            if self.several:
                key = random.split(key, len(self.which))
            rates = arrays.learning_rates(epoch * steps + 1, steps)
            self.state, self.trained = self.train_all(
                self.which, self.state, key, rates, *self.train
            )
            if validate:
                self.tested = self.test_all(self.which, self.state[0], *self.test)
        if validate and epochs == 0:
            self.tested = self.test_all(self.which, self.state[0], *self.test)
        self.epochs_done += epochs

    def figures(self):
        jax.block_until_ready(self.state)

        def means(sums, split):
            count = len(split[1])
            return jax.device_get(sums / count).reshape(-1, 2).tolist() if sums is not None else []

        figures = [{"loss": loss} for loss, _ in means(self.trained, self.train)]
        tested = [
            {"val_loss": loss, "accuracy": hits} for loss, hits in means(self.tested, self.test)
        ]
        return [a | b for a, b in zip(figures or [{}] * len(tested), tested or [{}] * len(figures))]


def engine():
    jax.devices()  # says which one is missing
    train, test = (
        (jax.device_put(images[..., None]), jax.device_put(labels.astype("int32")))
        for images, labels in trials.data(arguments)
    )
    description = {
        "engine": "JAX",
        "version": f"JAX {jax.__version__}",
        "variant": arguments.variant,
        "together": "vmap",
    }
    return description, lambda activations: Trial(activations, train, test)


trials.serve(engine)
