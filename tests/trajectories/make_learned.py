"""Adds the runs with learned parameters of activations to trajectories.json.

Run by hand, behind make_trajectories.py, whose images and initial weights it takes; PyTorch is all
that it needs. PyTorch has no such activations, so each is written as its formula, and autograd makes
the gradients. A parameter belongs to a layer, or to each of its channels; those of the three
activations are called activation/beta, activation_1/beta, activation_2/beta.
"""

import json
from pathlib import Path

import numpy as np
import problem
import torch
import torch.nn.functional as F
import torch_engine
from records import PROBE_NOISE, PROBES, distance, shortest, text_of

CHANNELS = (4, 8, 16)  # of the three activations


def swish(x, beta):
    return x * torch.sigmoid(beta * x)


def pelu(x, a, b):
    negative = torch.where(x > 0, 0, x)  # clamp() has another derivative at 0
    return torch.where(x > 0, a / b * x, a * torch.expm1(negative / b))


def snake(x, a):
    return x + torch.sin(a * x) ** 2 / a


def acon_c(x, p1, p2, beta):
    return (p1 - p2) * x * torch.sigmoid(beta * (p1 - p2) * x) + p2 * x


def leaky_relu(x, alpha):
    return torch.where(x > 0, x, alpha * x)


def mine(x, b):
    return x * torch.tanh(F.softplus(b * x))


# By the engine's text: the function, and for each parameter its first value and whether channels
# have their own. float32 takes the values as the engine does.
ACTIVATIONS = {
    "swish:beta=learned": (swish, {"beta": (1.0, False)}),
    "leaky_relu:alpha=0.25 learned channel": (leaky_relu, {"alpha": (0.25, True)}),
    "pelu:a=learned channel:b=0.5 learned": (pelu, {"a": (1.0, True), "b": (0.5, False)}),
    "snake:a=2 learned channel": (snake, {"a": (2.0, True)}),
    "acon_c:p1=learned channel:p2=learned channel:beta=learned": (
        acon_c,
        {"p1": (1.0, True), "p2": (0.25, True), "beta": (1.0, False)},
    ),
    "mine = x * tanh(softplus(b * x)); b = 1 learned channel": (mine, {"b": (1.0, True)}),
}


class Learned:
    """The three activations of a network, one call after the other."""

    def __init__(self, text, named):
        self.function, self.parameters = ACTIVATIONS[text]
        self.named = named
        self.calls = 0

    def __call__(self, x):
        layer = self.calls % len(CHANNELS)
        self.calls += 1
        values = {}
        for name in self.parameters:
            value = self.named[name_of(layer, name)]
            values[name] = value.reshape(1, -1, *[1] * (x.dim() - 2))
        return self.function(x, **values)


def name_of(layer, parameter):
    return f"activation{f'_{layer}' if layer else ''}/{parameter}"


def initial(text):
    return {
        name_of(layer, name): np.full(channels if by_channel else 1, value, np.float32)
        for layer, channels in enumerate(CHANNELS)
        for name, (value, by_channel) in ACTIVATIONS[text][1].items()
    }


def train(text, optimizer, weights, batches, dtype, noise=0.0):
    """The loss of each step, and what the parameters came to."""
    named = torch_engine.parameters_of(weights, dtype)
    named |= {
        name: torch.tensor(value, dtype=dtype).requires_grad_()
        for name, value in initial(text).items()
    }
    parameters = list(named.values())
    settings = {key: value for key, value in optimizer.items() if key != "name"}
    stepping = torch_engine.OPTIMIZERS[optimizer["name"]](parameters, **settings)
    act = Learned(text, named)
    losses = []
    for x, t in batches:
        for p in parameters:
            p.data *= 1 + noise * torch.randn_like(p)
        x = torch.tensor(x, dtype=dtype).permute(0, 3, 1, 2)
        logits = torch_engine.forward(named, act, x)
        loss = torch_engine.categorical_crossentropy(logits, torch.tensor(t, dtype=dtype))
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            stepping.step(parameters, gradients)
        losses.append(loss.detach().numpy()[()])
    return losses, {name: named[name].detach().numpy() for name in initial(text)}


def record(text, optimizer, weights, batches):
    single, _ = train(text, optimizer, weights, batches, torch.float32)
    double, learned = train(text, optimizer, weights, batches, torch.float64)
    noisy = [
        train(text, optimizer, weights, batches, torch.float64, PROBE_NOISE)[0]
        for _ in range(PROBES)
    ]
    sensitivity = max(distance(double, probe) for probe in noisy)
    print(f"{text:60} |t32-f64| {distance(single, double):.2e} sensitivity {sensitivity:.2e}")
    for name, values in learned.items():
        print(f"    {name:20} {values.min():.5f} to {values.max():.5f}")
    return {
        "name": text,
        "activation": text,
        "loss": "categorical_crossentropy",
        "optimizer": optimizer,
        "clipping": {},
        "network": "convolution",
        "losses": {"torch_float32": shortest(single), "torch_float64": shortest(double)},
        "learned": {name: shortest(values) for name, values in learned.items()},
        "sensitivity": sensitivity,
    }


def main():
    file = Path(__file__).resolve().parent / "trajectories.json"
    document = json.loads(file.read_text())
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(problem.SEED)
    images = np.array(document["images"], np.uint8).reshape(-1, problem.SIDE, problem.SIDE)
    batches = problem.batches(images, np.array(document["labels"], np.uint8))
    weights = {
        name: np.array(weight["values"], np.float32).reshape(weight["shape"])
        for name, weight in document["weights"]["initial"].items()
    }
    # A rate at which the parameters leave their first values by more than rounding hides.
    optimizer = problem.ADAM | {"learning_rate": 0.01}
    document["learned"] = [record(text, optimizer, weights, batches) for text in ACTIVATIONS]
    file.write_text(text_of(document) + "\n")


if __name__ == "__main__":
    main()
