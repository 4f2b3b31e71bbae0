"""Writes trajectories.json: what real Keras and PyTorch compute, for the engine's tests to follow.

Run by hand, the output is committed:

    build/peers-venv/bin/python tests/trajectories/make_trajectories.py

(the virtual environment is made by `apps/bench/run_cpu.py --only-venv`). Each run trains a
small-width version of the tutorial's network for 20 steps of 16 images (every fifth of 8), in
stored order, without dropout, from the same initial weights. Three engines write a loss per step:

    keras          Keras 3 on its torch backend, float32
    torch_float32  plain PyTorch, with its own losses, clipping, optimizers and NCHW layout
    torch_float64  the same code in float64: the truth

The test's bound follows from the distance of the two float32 peers from the truth, and from the
`sensitivity`: how far the truth itself moves when every parameter gets a relative error of 2^-23
before each step (a flipped tie of the max-pool or a crossed kink would show there as a jump).
Floats are written so that they read back to the same float32 (float64 for torch_float64).

Keys of the file:
    versions, network, activations (their parameters), steps, batch
    images, labels        uint8, [n][12*12] and [n]; the engine divides by 255 in float32
    weights.initial       by variable: Keras's shape and the values, flat
    weights.depthwise     those that the network "depthwise" has instead of them
    weights.trained       the same, exported by Keras after the run named in `weights.trained_run`
    predictions           of Keras on the first 8 images: `initial` by activation, `trained`
    averages              of weights, by Keras: ema_momentum, and the weights that SwapEMAWeights
                          evaluates with after `weights.trained_run`
    runs[]                activation, loss, optimizer, clipping, network (what its second layer is),
                          losses (by engine), sensitivity, clip_hits of each step: elements beyond
                          the threshold (clipvalue), variables (clipnorm), 0 or 1
                          (global_clipnorm)
    alpha_dropout[]       rate, x, uniform (kept where uniform >= rate), mask, upstream, y, dx:
                          Keras's own layer, its uniform draws replaced by the stored ones
"""

import argparse
import json
import platform
from pathlib import Path

import keras_engine
import numpy as np
import problem
import torch
import torch_engine
from records import PROBE_NOISE, PROBES, distance, shortest, text_of

PREDICTED = 8
TRAINED_RUN = "gelu/categorical_crossentropy/adam/unclipped"
EMA_MOMENTUM = 0.9


def flat_weights(weights):
    return {
        name: {"shape": list(value.shape), "values": shortest(value.ravel())}
        for name, value in weights.items()
    }


def alpha_dropout_case(rate):
    random = np.random.default_rng(problem.SEED)
    x, upstream = random.standard_normal((2, 4, 6), np.float32)
    uniform = random.random((4, 6), np.float32)
    uniform[0, :2] = rate, np.nextafter(np.float32(rate), np.float32(0))  # the edge: kept, dropped
    y, dx = keras_engine.alpha_dropout(x, uniform, upstream, rate)
    arrays = {"x": x, "uniform": uniform, "upstream": upstream, "y": y, "dx": dx}
    mask = (uniform >= rate).astype(int).tolist()
    return {"rate": rate, "mask": mask} | {key: shortest(value) for key, value in arrays.items()}


def averages_of(run, weights, batches):
    averages = keras_engine.averages(run, weights, batches, EMA_MOMENTUM)
    return {"ema_momentum": EMA_MOMENTUM, "weights": flat_weights(averages)}


def report(records):
    """The table of distances; fails where clipping does not bite well above rounding."""
    print(
        f"{'run':58} {'|keras-t32|':>11} {'|keras-f64|':>11} {'|t32-f64|':>11} "
        f"{'sensitivity':>11} {'clip moves':>11} hits"
    )
    unclipped, weak = {}, []
    for record in records:
        losses = record["losses"]
        keras, single, truth = (losses[k] for k in ("keras", "torch_float32", "torch_float64"))
        key = (record["network"], record["activation"], record["loss"], record["optimizer"]["name"])
        if not record["clipping"]:
            unclipped[key] = truth
        moved = distance(truth, unclipped[key])
        own = max(distance(keras, truth), distance(single, truth))
        print(
            f"{record['name']:58} {distance(keras, single):11.2e} {distance(keras, truth):11.2e} "
            f"{distance(single, truth):11.2e} {record['sensitivity']:11.2e} {moved:11.2e} "
            f"{record['clip_hits']}"
        )
        steps_hit = sum(hits > 0 for hits in record["clip_hits"])
        if record["clipping"] and (moved < 100 * own or steps_hit < problem.STEPS // 2):
            weak.append(record["name"])
    if weak:
        raise SystemExit(f"clipping bites too little, change CLIPPING: {', '.join(weak)}")


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=here / "trajectories.json")
    arguments = parser.parse_args()
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(problem.SEED)

    images, labels = problem.images_and_labels()
    batches = problem.batches(images, labels)
    networks = {n: keras_engine.initial_weights(problem.SEED, n) for n in problem.OTHER_SHAPES}
    weights = networks["convolution"]
    few = batches[0][0][:PREDICTED]

    records, trained = [], None
    for run in problem.runs():
        initial = networks[run.network]
        keras_losses, final = keras_engine.train(run, initial, batches)
        single, _ = torch_engine.train(run, initial, batches, torch.float32)
        double, hits = torch_engine.train(run, initial, batches, torch.float64)
        noisy = [
            torch_engine.train(run, initial, batches, torch.float64, noise=PROBE_NOISE)[0]
            for _ in range(PROBES)
        ]
        if run.name == TRAINED_RUN:
            trained = (run, final)
        losses = {"keras": keras_losses, "torch_float32": single, "torch_float64": double}
        records.append(
            {"name": run.name}
            | vars(run)
            | {"losses": {k: shortest(v) for k, v in losses.items()}, "clip_hits": hits}
            | {"sensitivity": max(distance(double, probe) for probe in noisy)}
        )
    report(records)

    run, final = trained
    predictions = {a: keras_engine.predict(a, weights, few) for a in problem.ACTIVATIONS}
    for activation, predicted in predictions.items():
        mine = torch_engine.predict(activation, weights, few, torch.float64)
        print(f"predictions {activation:12} |keras-f64| {distance(predicted, mine):.2e}")
    document = {
        "versions": {
            "keras": keras_engine.keras.__version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "network": "conv 3x3 valid 4, act, conv 3x3 valid 8 or depthwise 3x3 valid, multiplier 2, "
        "act, max-pool 2x2, flatten, "
        "dense 16, act, dense 10, softmax",
        "steps": problem.STEPS,
        "batch": problem.BATCH,
        "activations": problem.ACTIVATIONS,
        "images": images.reshape(len(images), -1).tolist(),
        "labels": labels.tolist(),
        "weights": {
            "initial": flat_weights(weights),
            "depthwise": flat_weights(
                {name: networks["depthwise"][name] for name in problem.OTHER_SHAPES["depthwise"]}
            ),
            "trained_run": TRAINED_RUN,
            "trained": flat_weights(final),
        },
        "predictions": {
            "initial": {name: shortest(value) for name, value in predictions.items()},
            "trained": shortest(keras_engine.predict(run.activation, final, few)),
        },
        "averages": averages_of(run, weights, batches),
        "runs": records,
        "alpha_dropout": [alpha_dropout_case(rate) for rate in (0.25, 0.5)],
    }
    arguments.out.write_text(text_of(document) + "\n")
    print(f"{arguments.out}: {arguments.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
