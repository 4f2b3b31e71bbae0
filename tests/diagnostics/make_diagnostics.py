"""Writes diagnostics.json: what PyTorch's hooks say of the layers of a small network.

Run by hand; PyTorch is all that it needs. The network is, with images [8][8][1] as Keras has them:
Conv2D 4 3x3 "conv1", activation, Conv2D 6 3x3 without bias "conv2", BatchNormalization, activation,
MaxPooling2D 2x2, Flatten, Dense 8 "hidden", activation, Dense 3 "last", softmax; the loss is
categorical cross-entropy.
"""

import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

IMAGES = 24
CLIPVALUE = 0.01
EPSILON = 1e-3  # Keras's, of batch normalization
# By the engine's text.
ACTIVATIONS = {
    "relu": torch.relu,
    "leaky_relu": lambda x: torch.where(x > 0, x, 0.2 * x),
    "elu": F.elu,
    "sigmoid": torch.sigmoid,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
}
LAYERS = ("conv1", "conv2", "hidden", "last")


class Act(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Flatten(nn.Module):
    """In Keras's order of axes."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def network(function):
    torch.manual_seed(7)
    net = nn.Sequential()
    net.add_module("conv1", nn.Conv2d(1, 4, 3))
    net.add_module("act1", Act(function))
    net.add_module("conv2", nn.Conv2d(4, 6, 3, bias=False))
    net.add_module("norm", nn.BatchNorm2d(6, eps=EPSILON))
    net.add_module("act2", Act(function))
    net.add_module("pool", nn.MaxPool2d(2))
    net.add_module("flatten", Flatten())
    net.add_module("hidden", nn.Linear(24, 8))
    net.add_module("act3", Act(function))
    net.add_module("last", nn.Linear(8, 3))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.uniform_(-0.8, 0.8)
        net.norm.weight.uniform_(0.5, 1.5)
        net.norm.running_mean.uniform_(-0.3, 0.3)
        net.norm.running_var.uniform_(0.5, 1.5)
        net.conv1.bias[1] = -30.0  # for ReLU dead, for sigmoid saturated
        net.norm.bias[4] = -30.0
        net.hidden.bias[2] = -60.0
        net.hidden.bias[5] = 12.0
    return net.double().eval()


def listed(tensor):
    return [float(value) for value in tensor.flatten()]


def keras_weights(net):
    """Rounded to float32 before anything is computed: the engine has the same."""
    kernel = lambda conv: conv.weight.permute(2, 3, 1, 0)
    return {
        "conv1/kernel": listed(kernel(net.conv1)),
        "conv1/bias": listed(net.conv1.bias),
        "conv2/kernel": listed(kernel(net.conv2)),
        "norm/gamma": listed(net.norm.weight),
        "norm/beta": listed(net.norm.bias),
        "norm/moving_mean": listed(net.norm.running_mean),
        "norm/moving_variance": listed(net.norm.running_var),
        "hidden/kernel": listed(net.hidden.weight.T),
        "hidden/bias": listed(net.hidden.bias),
        "last/kernel": listed(net.last.weight.T),
        "last/bias": listed(net.last.bias),
    }


def slope_of(function, z):
    z = z.detach().clone().requires_grad_()
    return torch.autograd.grad(function(z).sum(), z)[0]


def units_first(values):
    """[unit][everything else], of [image][unit] or [image][unit][y][x]."""
    return values.transpose(0, 1).flatten(1)


def norm_by_image(values):
    return math.sqrt(float((values**2).sum()) / IMAGES)


def diagnose(function, images, labels):
    net = network(function)
    outputs, gradients = {}, {}

    def keep_gradient(name):
        def hook(gradient):
            gradients[name] = gradient

        return hook

    def keep(name):
        def hook(module, inputs, output):
            outputs[name] = output
            if name in behind.values():
                outputs[name + " input"] = inputs[0]
                inputs[0].register_hook(keep_gradient(name))

        return hook

    # The module that reads z; the last layer's z is the logits.
    behind = {"conv1": "act1", "conv2": "act2", "hidden": "act3"}
    for name, module in net.named_modules():
        if name:
            module.register_forward_hook(keep(name))
    logits = net(images)
    logits.register_hook(keep_gradient("last"))
    F.cross_entropy(logits, labels).backward()

    grid = torch.tensor([5 * (2 * i / 1000 - 1) for i in range(1001)], dtype=torch.float64)
    limit = 0.05 * float(slope_of(function, grid).abs().max())
    found = {}
    for name in LAYERS:
        layer = getattr(net, name)
        weights = list(layer.parameters())
        flat = torch.cat([w.detach().flatten() for w in weights])
        gradient = torch.cat([w.grad.flatten() for w in weights])
        reader = behind.get(name)
        z = (outputs[reader + " input"] if reader else outputs[name]).detach()
        figures = {
            "z_mean": float(z.mean()),
            "z_sd": float(z.std(correction=0)),
            "z_positive": float((z > 0).double().mean()),
            # cross_entropy() is a mean over images: a sample's own loss is IMAGES times that.
            "dz_norm": norm_by_image(IMAGES * gradients[reader or name]),
            "weight_norm": float(flat.norm()),
            "dw_norm": float(gradient.norm()),
            "clipped": float((gradient.abs() > CLIPVALUE).double().mean()),
        }
        if reader:
            a = outputs[reader].detach()
            slope = units_first(slope_of(function, z))
            dead = (slope == 0).all(dim=1)
            small = (slope.abs() <= limit).double().mean(dim=1) >= 0.99
            figures |= {
                "dead": float(dead.double().mean()),
                "saturated": float((small & ~dead).double().mean()),
                "a_mean": float(a.mean()),
                "a_sd": float(a.std(correction=0)),
                "a_positive": float((a > 0).double().mean()),
                "a_norm": norm_by_image(a),
            }
        if name == "hidden":
            singular = torch.linalg.svdvals(outputs["act3"].detach())
            share = singular / singular.sum()
            share = share[share > 0]
            figures["effective_rank"] = float(torch.exp(-(share * share.log()).sum()))
        found[name] = figures
    return net, found


def main():
    generator = torch.Generator().manual_seed(3)
    pixels = torch.randint(0, 256, (IMAGES, 8, 8), generator=generator)
    labels = torch.randint(0, 3, (IMAGES,), generator=generator)
    images = pixels.double().unsqueeze(1) / 255
    record = {
        "torch": torch.__version__,
        "images": pixels.flatten().tolist(),
        "labels": labels.tolist(),
        "clipvalue": CLIPVALUE,
        "activations": {},
    }
    for name, function in ACTIVATIONS.items():
        net, found = diagnose(function, images, labels)
        record["weights"] = keras_weights(net)
        record["activations"][name] = found
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items())
    path = Path(__file__).with_name("diagnostics.json")
    path.write_text("{\n" + lines + "\n}\n")
    for name, layers in record["activations"].items():
        for layer, figures in layers.items():
            print(name, layer, {k: round(v, 4) for k, v in figures.items()})


main()
