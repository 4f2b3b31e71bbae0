"""Training steps of the tutorial's network in PyTorch, eager and compiled."""

import os

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
    for layer in network:
        if hasattr(layer, "weight"):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network.to(memory_format=memory_format)


def batches():
    """Endless epochs of uint8 images [n][1][28][28] and labels [n], each in a new order."""
    images, labels = map(torch.tensor, protocol.training_data(arguments.data))
    images, labels = images[:, None], labels.long()
    while True:
        for indices in torch.randperm(len(labels)).split(protocol.BATCH):
            yield images[indices], labels[indices]


def loss_of(network, x, labels):
    with torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "bf16"):
        logits = network(x.float() / 255)
    p = logits.float().softmax(1)
    t = F.one_hot(labels, 10).float()
    return F.binary_cross_entropy(p.clamp(1e-7, 1 - 1e-7), t), p


def variant(data, memory_format, **compile_options):
    def build():
        torch.compiler.reset()
        network = model(memory_format)
        forward = torch.compile(loss_of, **compile_options) if compile_options else loss_of
        adam = torch.optim.Adam(network.parameters(), 1e-3, eps=1e-7, fused=True)

        def run(steps):
            total, hits = torch.zeros(()), torch.zeros((), dtype=torch.long)
            started = protocol.time.perf_counter()
            for _ in range(steps):
                x, labels = next(data)
                loss, p = forward(network, x.contiguous(memory_format=memory_format), labels)
                adam.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_value_(network.parameters(), 0.5, foreach=True)
                adam.step()
                total += loss.detach()
                hits += (p.argmax(1) == labels).sum()
            return protocol.time.perf_counter() - started, total.item() / steps

        return run

    return build


def engine():
    torch.set_num_threads(arguments.threads)
    data = batches()
    nhwc, nchw = torch.channels_last, torch.contiguous_format
    variants = {
        "eager, channels_last": variant(data, nhwc),
        "eager, contiguous": variant(data, nchw),
        "compiled, channels_last": variant(data, nhwc, mode="default"),
        "compiled, contiguous": variant(data, nchw, mode="default"),
        "compiled, max-autotune": variant(data, nhwc, mode="max-autotune"),
    }
    name, run, figures = protocol.fastest(variants, arguments.variant)
    description = {
        "engine": "PyTorch",
        "version": f"PyTorch {torch.__version__}",
        "variant": name,
        "variants_ms": figures,
    }
    return description, run


protocol.serve(engine)
