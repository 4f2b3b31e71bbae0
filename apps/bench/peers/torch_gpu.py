"""Trials of the tutorial's network in PyTorch: eager, compiled, and captured in CUDA graphs."""

import arrays
import recipe
import trials
import variants

arguments = trials.arguments(__doc__, variants.TORCH)

import torch
import torch.nn.functional as F
from torch import nn

MODE, CAPTURED = variants.TORCH[arguments.variant]
MOST_STEPS_A_GRAPH = 8
# Adam's own corrections are 1 from so many steps on: ours are in the learning rate.
STEPS_DONE = 1e6
DEVICE = torch.device(arguments.device)
ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "relu": F.relu,
    "elu": F.elu,
    "leaky_relu": lambda x: F.leaky_relu(x, recipe.LEAKY_SLOPE),
    "selu": F.selu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
}


def alpha_dropout(x, rate):
    a, b, dropped = recipe.alpha_dropout(rate)
    return torch.where(torch.rand_like(x, dtype=torch.float32) >= rate, x * a + b, dropped)


class Network(nn.Module):
    """Images [n][28][28][1] of bytes become logits [n][10]; all of it lies in memory as NHWC."""

    def __init__(self, activation):
        super().__init__()
        self.act = ACTIVATIONS[activation]
        weights = [self.own_layout(w) for w in arrays.initial_weights(activation, 0)]
        self.weights = nn.ParameterList(nn.Parameter(w.to(DEVICE)) for w in weights)

    @staticmethod
    def own_layout(weight):
        """A weight in Keras's layout as PyTorch keeps it."""
        weight = torch.from_numpy(weight)
        if weight.dim() == 4:
            return weight.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
        return weight.t().contiguous() if weight.dim() == 2 else weight

    def forward(self, images, dropout):
        w1, b1, w2, b2, w3, b3, w4, b4 = self.weights
        x = images.permute(0, 3, 1, 2).float() / 255
        x = self.act(F.conv2d(x, w1, b1))
        x = F.max_pool2d(self.act(F.conv2d(x, w2, b2)), 2)
        if dropout:
            x = alpha_dropout(x, recipe.DROPOUT[0])
        x = self.act(F.linear(x.permute(0, 2, 3, 1).flatten(1), w3, b3))
        if dropout:
            x = alpha_dropout(x, recipe.DROPOUT[1])
        return F.linear(x, w4, b4)


class Split:
    """Images and labels on the device."""

    def __init__(self, images, labels):
        self.count = len(labels)
        self.images = torch.tensor(images[..., None], device=DEVICE)
        self.labels = torch.tensor(labels, device=DEVICE, dtype=torch.long)
        self.targets = torch.eye(10, device=DEVICE)[self.labels]


def losses(network, images, labels, targets, dropout):
    """Loss of each image, and whether its largest output is the right one."""
    bf16 = arguments.precision == "bf16"
    with torch.autocast(DEVICE.type, torch.bfloat16, enabled=bf16, cache_enabled=False):
        logits = network(images, dropout)
    p = logits.float().softmax(1)
    clipped = p.clamp(recipe.PROBABILITY, 1 - recipe.PROBABILITY)
    each = F.binary_cross_entropy(clipped, targets, reduction="none").mean(1)
    return each, p.argmax(1) == labels


def training_loss(network, split, index, share):
    """Mean loss of a batch, and the sum of its images' losses and hits, to be logged."""
    images, labels, targets = split.images[index], split.labels[index], split.targets[index]
    each, hits = losses(network, images, labels, targets, True)
    exists = share > 0
    sums = torch.stack([(each.detach() * exists).sum(), (hits & exists).sum().float()])
    return (each * share).sum(), sums


def test_sums(network, images, labels, targets):
    each, hits = losses(network, images, labels, targets, False)
    return torch.stack([each.sum(), hits.sum().float()])


class Trial:
    """One model; every step of an epoch is enqueued before anything is asked for."""

    def __init__(self, train, test, activation):
        self.train, self.test, self.network = train, test, Network(activation)
        self.loss, self.sums_of = training_loss, test_sums
        if MODE is not None:
            self.loss = torch.compile(training_loss, mode=MODE, dynamic=False)
            self.sums_of = torch.compile(test_sums, mode=MODE, dynamic=False)
        shares = arrays.shares(train.count)
        self.steps = len(shares)
        self.shares = torch.tensor(shares, device=DEVICE)
        self.order = torch.zeros(shares.size, dtype=torch.long, device=DEVICE)
        self.train_sums, self.test_sums = torch.zeros(2, 2, device=DEVICE)
        self.rate = torch.zeros((), device=DEVICE)
        self.parameters = list(self.network.parameters())
        self.adam = torch.optim.Adam(
            self.parameters,
            self.rate if CAPTURED else recipe.RATE,
            (recipe.BETA1, recipe.BETA2),
            recipe.EPSILON,
            fused=True,
            capturable=CAPTURED,
        )
        for parameter in self.parameters:
            self.adam.state[parameter] = {
                "step": torch.tensor(STEPS_DONE, device=DEVICE),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }
        self.steps_done, self.validated = 0, False

    @torch.no_grad()
    def reset(self, weights):
        for parameter, weight in zip(self.parameters, weights[0]):
            parameter.copy_(Network.own_layout(weight))
            state = self.adam.state[parameter]
            state["exp_avg"].zero_()
            state["exp_avg_sq"].zero_()
        self.steps_done = 0

    def step(self, index, share):
        if MODE is not None:
            torch.compiler.cudagraph_mark_step_begin()
        loss, sums = self.loss(self.network, self.train, index, share)
        loss.backward()
        nn.utils.clip_grad_value_(self.parameters, recipe.CLIP, foreach=True)
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        self.train_sums += sums

    def begin_epoch(self):
        """The next epoch's order, and the learning rates of its steps."""
        torch.randperm(self.train.count, out=self.order[: self.train.count])
        self.train_sums.zero_()
        rates = arrays.learning_rates(self.steps_done + 1, self.steps)
        self.steps_done += self.steps
        return rates

    def run_epoch(self):
        rates = self.begin_epoch()
        for step, rate in enumerate(rates.tolist()):
            first, rows = step * recipe.BATCH, recipe.BATCH
            if MODE is None:  # what is not compiled takes a shorter last batch as it is
                rows = min(rows, self.train.count - first)
            self.adam.param_groups[0]["lr"] = rate
            self.step(self.order[first : first + rows], self.shares[step, :rows])

    @torch.no_grad()
    def evaluate(self):
        self.test_sums.zero_()
        split = self.test
        for first in range(0, split.count, recipe.TEST_BATCH):
            part = slice(first, first + recipe.TEST_BATCH)
            rows = split.images[part], split.labels[part], split.targets[part]
            if MODE is not None:
                torch.compiler.cudagraph_mark_step_begin()
            self.test_sums += self.sums_of(self.network, *rows)

    def begin(self, epochs, validate):
        for _ in range(epochs):
            self.run_epoch()
            if validate:
                self.evaluate()
        if validate and epochs == 0:
            self.evaluate()
        self.validated = validate

    def figures(self):
        figures = {}
        if self.steps_done:
            figures["loss"] = self.train_sums[0].item() / self.train.count
        if self.validated:
            loss, hits = (self.test_sums / self.test.count).tolist()
            figures |= {"val_loss": loss, "accuracy": hits}
        return [figures]


class CapturedTrial(Trial):
    """Its steps, batches and learning rates included, are replayed from a graph of several."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.stream = torch.cuda.Stream()
        self.rates = torch.zeros(self.steps, device=DEVICE)
        self.next_step = torch.zeros(1, dtype=torch.long, device=DEVICE)
        limit = range(1, MOST_STEPS_A_GRAPH + 1)
        self.steps_a_graph = max(n for n in limit if self.steps % n == 0)
        with torch.cuda.stream(self.stream):
            self.training = self.capture(self.captured_steps)
            self.testing = self.capture(super().evaluate)

    def captured_steps(self):
        for _ in range(self.steps_a_graph):
            batch = self.order.view(self.steps, recipe.BATCH).index_select(0, self.next_step)[0]
            share = self.shares.index_select(0, self.next_step)[0]
            self.rate.copy_(self.rates.index_select(0, self.next_step)[0])
            self.next_step += 1
            self.step(batch, share)

    def capture(self, work):
        for _ in range(3):  # compiles, and lets the libraries allocate
            self.next_step.zero_()
            work()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.stream):
            work()
        return graph

    def reset(self, weights):
        with torch.cuda.stream(self.stream):
            super().reset(weights)

    def begin_epoch(self):
        self.rates.copy_(torch.from_numpy(super().begin_epoch()))
        self.next_step.zero_()

    def replays(self):
        """Enqueues an epoch, one replay each time the next one is asked for."""
        with torch.cuda.stream(self.stream):
            self.begin_epoch()
        for _ in range(self.steps // self.steps_a_graph):
            with torch.cuda.stream(self.stream):
                self.training.replay()
            yield

    def run_epoch(self):
        for _ in self.replays():
            pass

    def evaluate(self):
        with torch.cuda.stream(self.stream):
            self.testing.replay()

    def figures(self):
        with torch.cuda.stream(self.stream):
            return super().figures()


class OnStreams:
    """Captured trials, each on a stream of its own, whose replays are enqueued in turn."""

    def __init__(self, members):
        self.members = members

    def reset(self, weights):
        for member, initial in zip(self.members, weights):
            member.reset([initial])

    def begin(self, epochs, validate):
        for _ in range(epochs):
            for _ in zip(*(member.replays() for member in self.members)):
                pass
            for member in self.members:
                member.begin(0, validate)

    def figures(self):
        return [figures for member in self.members for figures in member.figures()]


def engine():
    if arguments.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("PyTorch finds no GPU")
    if CAPTURED and arguments.device == "cpu":
        raise SystemExit(f"{arguments.variant} needs a GPU: CUDA graphs exist nowhere else")
    tensor_cores = arguments.precision != "fp32"
    torch.backends.cuda.matmul.allow_tf32 = tensor_cores
    torch.backends.cudnn.allow_tf32 = tensor_cores
    torch.backends.cudnn.benchmark = True
    torch._dynamo.config.recompile_limit = 64  # six activations, trained and tested
    train, test = (Split(*part) for part in trials.data(arguments))

    def make_trial(activations):
        kind = CapturedTrial if CAPTURED else Trial
        members = [kind(train, test, activation) for activation in activations]
        return members[0] if len(members) == 1 else OnStreams(members)

    description = {
        "engine": "PyTorch",
        "version": f"PyTorch {torch.__version__}",
        "variant": arguments.variant,
        "together": "streams" if CAPTURED else None,
    }
    return description, make_trial


trials.serve(engine)
