"""Training steps of the tutorial's network in PyTorch, eager and compiled."""

import os

import arrays
import protocol

arguments = protocol.arguments(__doc__)
os.environ["OMP_NUM_THREADS"] = str(arguments.threads)

import torch
import torch.nn.functional as F
from torch import nn

ACTIVATIONS = {
    "sigmoid": nn.Sigmoid,
    "relu": nn.ReLU,
    "elu": nn.ELU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "selu": nn.SELU,
    "gelu_tanh": lambda: nn.GELU(approximate="tanh"),
}


def model(memory_format):
    act = ACTIVATIONS[arguments.activation]
    network = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        act(),
        nn.Conv2d(32, 64, 3),
        act(),
        nn.MaxPool2d(2),
        nn.AlphaDropout(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        act(),
        nn.AlphaDropout(0.5),
        nn.Linear(128, 10),
    )
    return network.to(memory_format=memory_format)


def own_layout(weight):
    """A weight in Keras's layout as PyTorch keeps it."""
    weight = torch.from_numpy(weight)
    if weight.dim() == 4:
        return weight.permute(3, 2, 0, 1)
    if len(weight) == 12 * 12 * 64:  # PyTorch flattens channel by channel, not pixel by pixel
        weight = weight.view(12, 12, 64, -1).permute(2, 0, 1, 3).flatten(0, 2)
    return weight.t() if weight.dim() == 2 else weight


class Batches:
    """The training images, uint8 [n][1][28][28], and their labels [n]."""

    def __init__(self):
        images, labels = map(torch.tensor, protocol.training_data(arguments.data))
        self.images, self.labels = images[:, None], labels.long()

    def of_step(self, step):
        first = step % protocol.BATCHES * protocol.BATCH
        indices = torch.arange(first, first + protocol.BATCH)
        return self.images[indices], self.labels[indices]


def loss_of(network, x, labels):
    with torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "bf16"):
        logits = network(x.float() / 255)
    p = logits.float().softmax(1)
    t = F.one_hot(labels, 10).float()
    return F.binary_cross_entropy(p.clamp(1e-7, 1 - 1e-7), t), p


class Course:
    def __init__(self, data, memory_format, **compile_options):
        torch.compiler.reset()
        self.data, self.memory_format = data, memory_format
        self.network = model(memory_format)
        self.forward = torch.compile(loss_of, **compile_options) if compile_options else loss_of
        self.restart()

    @torch.no_grad()
    def restart(self):
        initial = arrays.initial_weights(arguments.activation, 0)
        for parameter, weight in zip(self.network.parameters(), initial):
            parameter.copy_(own_layout(weight))
        self.adam = torch.optim.Adam(self.network.parameters(), 1e-3, eps=1e-7, fused=True)
        self.done = 0

    def run(self, steps):
        network, adam = self.network, self.adam
        total, hits = torch.zeros(()), torch.zeros((), dtype=torch.long)
        started = protocol.time.perf_counter()
        for step in range(self.done, self.done + steps):
            x, labels = self.data.of_step(step)
            x = x.contiguous(memory_format=self.memory_format)
            loss, p = self.forward(network, x, labels)
            adam.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_value_(network.parameters(), 0.5, foreach=True)
            adam.step()
            total += loss.detach()
            hits += (p.argmax(1) == labels).sum()
        seconds = protocol.time.perf_counter() - started
        self.done += steps
        return seconds / steps, total.item() / steps


def variant(*settings, **named):
    return lambda: Course(*settings, **named)


def engine():
    torch.set_num_threads(arguments.threads)
    data = Batches()
    nhwc, nchw = torch.channels_last, torch.contiguous_format
    variants = {
        "eager, channels_last": variant(data, nhwc),
        "eager, contiguous": variant(data, nchw),
        "compiled, channels_last": variant(data, nhwc, mode="default"),
        "compiled, contiguous": variant(data, nchw, mode="default"),
        "compiled, max-autotune": variant(data, nhwc, mode="max-autotune"),
    }
    name, course, figures = protocol.fastest(variants, arguments.variant)
    description = {
        "engine": "PyTorch",
        "version": f"PyTorch {torch.__version__}",
        "variant": name,
        "variants_ms": figures,
    }
    return description, course


protocol.serve(engine)
