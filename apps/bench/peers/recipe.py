"""The tutorial's network in numbers, for engines that build it from their own operations."""

from math import prod

BATCH = 128
TEST_BATCH = 2000  # without dropout and gradients, results do not depend on it
ACTIVATIONS = ("sigmoid", "relu", "elu", "leaky_relu", "selu", "gelu_tanh")
LEAKY_SLOPE = 0.2
KERNELS = ((3, 3, 1, 32), (3, 3, 32, 64), (9216, 128), (128, 10))  # in Keras's layout
DROPOUT = (0.25, 0.5)
# Floating-point operations an image: products forward, and twice that backward, but that nothing
# is passed back through the first layer. Convolutions cover 26 x 26 and 24 x 24 pixels.
PLACES = (26 * 26, 24 * 24, 1, 1)
FORWARD_FLOP = tuple(2 * prod(k) * places for k, places in zip(KERNELS, PLACES))
TRAINING_FLOP = 3 * sum(FORWARD_FLOP) - FORWARD_FLOP[0]
PROBABILITY = 1e-7  # the loss clips what softmax gives to [this, 1 - this]
RATE, BETA1, BETA2, EPSILON, CLIP = 1e-3, 0.9, 0.999, 1e-7, 0.5
ALPHA = -1.7580993408473766


def alpha_dropout(rate):
    """(a, b, dropped): y = a x + b where x is kept, else `dropped`."""
    a = ((1 - rate) * (1 + rate * ALPHA**2)) ** -0.5
    b = -a * ALPHA * rate
    return a, b, a * ALPHA + b
