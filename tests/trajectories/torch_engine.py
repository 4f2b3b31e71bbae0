"""The runs in plain PyTorch, with nothing of Keras in it: NCHW layers, the losses and the
optimizers by hand. In float32 it is the second peer; in float64 it is taken as the truth."""

import math

import torch
import torch.nn.functional as F

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "relu": F.relu,
    "elu": F.elu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "selu": F.selu,
    "gelu": lambda x: F.gelu(x, approximate="tanh"),
}
CLIP = 1e-7  # of the probabilities, Keras's epsilon()


def parameters_of(weights, dtype, network="convolution"):
    """Keras's layouts to PyTorch's: [kh][kw][in][out] to [out][in][kh][kw], [in][out] to [out][in],
    depthwise [kh][kw][in][multiplier] to [in multiplier][1][kh][kw].

    dense1 reads the pooled 4x4x8 maps flattened as h, w, c; here they are flattened as c, h, w.
    """
    p = {name: torch.tensor(value, dtype=dtype) for name, value in weights.items()}
    p["conv1/kernel"] = p["conv1/kernel"].permute(3, 2, 0, 1).contiguous()
    if network == "depthwise":
        p["conv2/kernel"] = p["conv2/kernel"].permute(2, 3, 0, 1).reshape(8, 1, 3, 3)
    else:
        p["conv2/kernel"] = p["conv2/kernel"].permute(3, 2, 0, 1).contiguous()
    hwc = p["dense1/kernel"].reshape(4, 4, 8, 16)
    p["dense1/kernel"] = hwc.permute(3, 2, 0, 1).reshape(16, 128)
    p["dense2/kernel"] = p["dense2/kernel"].T.contiguous()
    return {name: value.requires_grad_() for name, value in p.items()}


def forward(p, act, x):
    """Logits [n][10] of x [n][1][12][12]."""
    h = act(F.conv2d(x, p["conv1/kernel"], p["conv1/bias"]))
    groups = h.shape[1] // p["conv2/kernel"].shape[1]  # of as many channels as a kernel reads
    h = act(F.conv2d(h, p["conv2/kernel"], p["conv2/bias"], groups=groups))
    h = F.max_pool2d(h, 2).flatten(1)
    h = act(F.linear(h, p["dense1/kernel"], p["dense1/bias"]))
    return F.linear(h, p["dense2/kernel"], p["dense2/bias"])


def binary_crossentropy(logits, t):
    """Mean over the classes and the batch of the sigmoid cross-entropy of log(p / (1 - p))."""
    p = logits.softmax(1).clamp(CLIP, 1 - CLIP)
    z = torch.log(p / (1 - p))
    return (z.clamp(min=0) - z * t + torch.log1p(torch.exp(-z.abs()))).mean()


def categorical_crossentropy(logits, t):
    return -(t * logits.softmax(1).clamp(CLIP, 1 - CLIP).log()).sum(1).mean()


LOSSES = {
    "binary_crossentropy": binary_crossentropy,
    "categorical_crossentropy": categorical_crossentropy,
}


def clip(gradients, clipping):
    """The clipped gradients, and how many elements (clipvalue) or norms (the others) exceeded."""
    if not clipping:
        return gradients, 0
    ((key, limit),) = clipping.items()
    if key == "clipvalue":
        hits = sum(int((g.abs() > limit).sum()) for g in gradients)
        return [g.clamp(-limit, limit) for g in gradients], hits
    norms = [g.norm() for g in gradients]
    if key == "global_clipnorm":
        norms = [torch.stack(norms).norm()] * len(gradients)
    hits = [bool(norm > limit) for norm in norms]
    clipped = [g * (limit / n) if hit else g for g, n, hit in zip(gradients, norms, hits)]
    return clipped, int(any(hits)) if key == "global_clipnorm" else sum(hits)


class Adam:
    """p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps): eps beside the uncorrected v."""

    def __init__(self, parameters, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.beta_1, self.beta_2 = learning_rate, beta_1, beta_2
        self.epsilon, self.step_count = epsilon, 0
        self.moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]

    def step(self, parameters, gradients):
        self.step_count += 1
        t, b1, b2 = self.step_count, self.beta_1, self.beta_2
        rate = self.learning_rate * (1 - b2**t) ** 0.5 / (1 - b1**t)
        for p, g, (m, v) in zip(parameters, gradients, self.moments):
            m.mul_(b1).add_(g, alpha=1 - b1)
            v.mul_(b2).add_(g * g, alpha=1 - b2)
            p.sub_(rate * m / (v.sqrt() + self.epsilon))


class SGD:
    """u = momentum u - lr g; p += u, or with Nesterov p += momentum u - lr g."""

    def __init__(self, parameters, learning_rate, momentum, nesterov):
        self.learning_rate, self.momentum, self.nesterov = learning_rate, momentum, nesterov
        self.velocities = [torch.zeros_like(p) for p in parameters]

    def step(self, parameters, gradients):
        for p, g, u in zip(parameters, gradients, self.velocities):
            u.mul_(self.momentum).sub_(self.learning_rate * g)
            p.add_(self.momentum * u - self.learning_rate * g if self.nesterov else u)


class AdamW(Adam):
    """p -= lr decay p, then Adam's step."""

    def __init__(self, parameters, weight_decay, **others):
        super().__init__(parameters, **others)
        self.weight_decay = weight_decay

    def step(self, parameters, gradients):
        for p in parameters:
            p.sub_(self.learning_rate * self.weight_decay * p)
        super().step(parameters, gradients)


class RMSprop:
    """v = rho v + (1 - rho) g^2, a = rho a + (1 - rho) g; m = momentum m + lr g / sqrt(v + eps),
    centered v - a^2 in place of v; p -= m."""

    def __init__(self, parameters, learning_rate, rho, momentum, epsilon, centered):
        self.learning_rate, self.rho, self.momentum = learning_rate, rho, momentum
        self.epsilon, self.centered = epsilon, centered
        self.moments = [tuple(torch.zeros_like(p) for _ in range(3)) for p in parameters]

    def step(self, parameters, gradients):
        for p, g, (v, a, m) in zip(parameters, gradients, self.moments):
            v.mul_(self.rho).add_(g * g, alpha=1 - self.rho)
            a.mul_(self.rho).add_(g, alpha=1 - self.rho)
            variance = v - a * a if self.centered else v
            m.mul_(self.momentum).add_(self.learning_rate * g / (variance + self.epsilon).sqrt())
            p.sub_(m)


class Nadam(Adam):
    """Adam's moments; with u_t = b1 (1 - 0.96^t / 2) and U_t = u_1 ... u_t, p -= lr (u_{t+1} m /
    (1 - U_{t+1}) + (1 - u_t) g / (1 - U_t)) / (sqrt(v / (1 - b2^t)) + eps)."""

    def step(self, parameters, gradients):
        self.step_count += 1
        t, b1, b2 = self.step_count, self.beta_1, self.beta_2
        u = [b1 * (1 - 0.5 * 0.96**i) for i in range(1, t + 2)]
        for p, g, (m, v) in zip(parameters, gradients, self.moments):
            m.mul_(b1).add_(g, alpha=1 - b1)
            v.mul_(b2).add_(g * g, alpha=1 - b2)
            ahead = u[t] / (1 - math.prod(u)) * m + (1 - u[t - 1]) / (1 - math.prod(u[:t])) * g
            p.sub_(self.learning_rate * ahead / ((v / (1 - b2**t)).sqrt() + self.epsilon))


class Adagrad:
    """s += g^2 from the initial value; p -= lr g / sqrt(s + eps)."""

    def __init__(self, parameters, learning_rate, initial_accumulator_value, epsilon):
        self.learning_rate, self.epsilon = learning_rate, epsilon
        self.sums = [torch.full_like(p, initial_accumulator_value) for p in parameters]

    def step(self, parameters, gradients):
        for p, g, s in zip(parameters, gradients, self.sums):
            s.add_(g * g)
            p.sub_(self.learning_rate * g / (s + self.epsilon).sqrt())


class Adamax(Adam):
    """u = max(b2 u, |g|); p -= lr / (1 - b1^t) m / (u + eps)."""

    def step(self, parameters, gradients):
        self.step_count += 1
        rate = self.learning_rate / (1 - self.beta_1**self.step_count)
        for p, g, (m, u) in zip(parameters, gradients, self.moments):
            m.mul_(self.beta_1).add_(g, alpha=1 - self.beta_1)
            u.copy_(torch.maximum(self.beta_2 * u, g.abs()))
            p.sub_(rate * m / (u + self.epsilon))


class Lion:
    """p -= lr sign(b1 m + (1 - b1) g); m = b2 m + (1 - b2) g."""

    def __init__(self, parameters, learning_rate, beta_1, beta_2):
        self.learning_rate, self.beta_1, self.beta_2 = learning_rate, beta_1, beta_2
        self.moments = [torch.zeros_like(p) for p in parameters]

    def step(self, parameters, gradients):
        for p, g, m in zip(parameters, gradients, self.moments):
            p.sub_(self.learning_rate * (self.beta_1 * m + (1 - self.beta_1) * g).sign())
            m.mul_(self.beta_2).add_(g, alpha=1 - self.beta_2)


OPTIMIZERS = {
    kind.__name__.lower(): kind for kind in (Adam, AdamW, SGD, RMSprop, Nadam, Adagrad, Adamax, Lion)
}


def train(run, weights, batches, dtype, noise=0.0):
    """The loss and the count of clipping hits of each step.

    `noise` is the relative size of a random error put on every parameter before each step.
    """
    named = parameters_of(weights, dtype, run.network)
    parameters = list(named.values())
    settings = {key: value for key, value in run.optimizer.items() if key != "name"}
    optimizer = OPTIMIZERS[run.optimizer["name"]](parameters, **settings)
    losses, hits = [], []
    for x, t in batches:
        for p in parameters:
            p.data *= 1 + noise * torch.randn_like(p)
        x = torch.tensor(x, dtype=dtype).permute(0, 3, 1, 2)
        logits = forward(named, ACTIVATIONS[run.activation], x)
        loss = LOSSES[run.loss](logits, torch.tensor(t, dtype=dtype))
        gradients, hit_count = clip(torch.autograd.grad(loss, parameters), run.clipping)
        with torch.no_grad():
            optimizer.step(parameters, gradients)
        losses.append(loss.detach().numpy()[()])
        hits.append(hit_count)
    return losses, hits


def predict(activation, weights, x, dtype):
    with torch.no_grad():
        x = torch.tensor(x, dtype=dtype).permute(0, 3, 1, 2)
        p = parameters_of(weights, dtype)
        return forward(p, ACTIVATIONS[activation], x).softmax(1).numpy()
