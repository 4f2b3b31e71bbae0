"""What a sweep left: its verdict and its figures."""
import csv
import json
from collections import Counter

# What saltus says where it wrote all but the pictures (engine/src/report/gnuplot.cpp).
NO_PICTURES = "no pictures: gnuplot was not found"


def results(folder):
    """What results.json holds, or None where it cannot be read."""
    try:
        return json.loads((folder / "results.json").read_text())
    except (OSError, ValueError):
        return None


def judge(folder, code, last_line):
    """(outcome, summary); a sweep without pictures is a sweep."""
    found = results(folder)
    no_pictures = code == 1 and NO_PICTURES in last_line
    if found is None or (code != 0 and not no_pictures):
        return "failed", f"exit code {code}: {last_line}"
    trials = [trial for setting in found["settings"] for trial in setting["trials"]]
    good = found["complete"] and all(trial["status"] == "ok" for trial in trials)
    parts = [] if good else ["not complete" if not found["complete"] else "not every trial is ok"]
    parts += ["without pictures: gnuplot is not installed"] if no_pictures else []
    return ("passed" if good else "failed"), "; ".join(parts)


def figures(folder):
    """The trials of a sweep with the seconds of their epochs, and how many ran side by side in each group; None where
    it left none."""
    try:
        with (folder / "history.csv").open() as file:
            rows = list(csv.DictReader(file))
    except OSError:
        return None
    trials = {}
    for row in rows:
        trial = trials.setdefault(row["trial"], {"activation": row["activation"], "seconds": [], "accuracy": []})
        trial["seconds"].append(float(row["seconds"]))
        trial["accuracy"].append(float(row["val_categorical_accuracy"]))
    if not trials:
        return None
    # Trials that run side by side share their epochs and so their times, to the last bit.
    groups = Counter(tuple(trial["seconds"]) for trial in trials.values())
    return {"trials": list(trials.values()), "side_by_side": list(groups.values()),
            "epochs_seconds": sum(sum(seconds) for seconds in groups)}


def spread(values):
    return f"{min(values):.3f}" if len(values) == 1 else f"{min(values):.3f} to {max(values):.3f}"


def rows(sweeps, steps):
    """[step, side by side, s in all, s in epochs, epochs, first ones, later ones, accuracies] for the page."""
    seconds = {step["name"]: step["seconds"] for step in steps}
    for name, found in sweeps.items():
        lists = [trial["seconds"] for trial in found["trials"]]
        later = [value for epochs in lists for value in epochs[1:]]
        last = [f"{trial['activation']} {trial['accuracy'][-1] * 100:.2f}" for trial in found["trials"]]
        yield [name, " + ".join(map(str, found["side_by_side"])), seconds.get(name, ""), f"{found['epochs_seconds']:.2f}",
               max(map(len, lists)), spread([epochs[0] for epochs in lists]), spread(later) if later else "",
               ", ".join(last)]


HEADING = ["step", "side by side", "s in all", "s in epochs", "epochs", "a first epoch, s", "a later one, s",
           "test accuracy behind the last, %"]
