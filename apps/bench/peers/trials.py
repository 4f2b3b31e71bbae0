"""Requests for trials, which the engines of the GPU benchmark answer.

A request is a line of JSON:

    {"activations": ["relu"], "epochs": 20, "fresh": true, "validate": true, "together": false,
     "seed": 0}

One trial for each activation: from the initial weights of that seed where it is fresh, else from
where it was; with an evaluation on the test images behind each epoch where that is asked for;
side by side or one after the other. With 0 epochs, it only evaluates. The answer holds the seconds
from the beginning to the last figure, and figures of the last epoch for each trial:

    {"seconds": 1.5, "loss": [0.01], "val_loss": [0.01], "accuracy": [0.99]}
"""

import json
import time

import arrays
import protocol


def arguments(description, variants):
    options = protocol.parser(description, ("fp32", "tf32", "bf16"))
    options.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    options.add_argument("--limit", type=int, help="use the first images only")
    options.add_argument("--variant", choices=variants, default=next(iter(variants)))
    return options.parse_args()


def data(options):
    """((images, labels) to train, (images, labels) to test)"""
    return tuple(
        (images[: options.limit], labels[: options.limit])
        for images, labels in protocol.data(options.data)
    )


class Answers:
    """Answers requests with what `make_trial(activations)` makes, once for each combination.

    A trial has reset([weights of each activation]), begin(epochs, validate), which may return
    before the work is done, and figures(), which waits for it: a dictionary for each activation.
    """

    def __init__(self, make_trial):
        self.make_trial, self.made = make_trial, {}

    def trial(self, activations):
        if activations not in self.made:
            self.made[activations] = self.make_trial(activations)
        return self.made[activations]

    def __call__(self, line):
        request = json.loads(line)
        names = tuple(request["activations"])
        groups = [names] if request["together"] else [(name,) for name in names]
        trials = [self.trial(group) for group in groups]
        weights = [[arrays.initial_weights(n, request["seed"]) for n in group] for group in groups]
        started = time.perf_counter()
        figures = []
        for trial, initial in zip(trials, weights):
            if request["fresh"]:
                trial.reset(initial)
            trial.begin(request["epochs"], request["validate"])
            figures += trial.figures()
        answer = {"seconds": time.perf_counter() - started}
        for name in ("loss", "val_loss", "accuracy"):
            answer[name] = [figure.get(name) for figure in figures]
        return answer


def serve(make_engine):
    """`make_engine()` returns (description, make_trial)."""

    def make_answer():
        description, make_trial = make_engine()
        return description, Answers(make_trial)

    protocol.converse(make_answer)
