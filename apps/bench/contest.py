"""Engines that do the same work in turns, until a deadline."""

import time
from dataclasses import dataclass, field

from engines import in_turn

NO_TIME = "no time was left for it"


@dataclass
class Entry:
    """An engine and what it is asked for, and how that went."""

    key: str
    engine: object
    line: str
    expected: float = 0.0  # seconds
    first: float = None  # seconds of the first run, which may compile, by the driver's clock
    rounds: list = field(default_factory=list)  # answers
    note: str = ""

    def run(self, deadline):
        """The answer, or None where the engine ends or has no time; then `note` says why."""
        started = time.monotonic()
        if started + self.expected > deadline:
            self.note = NO_TIME
            return None
        try:
            answer = self.engine.ask(self.line, deadline)
        except OSError as error:
            self.note = str(error)
            return None
        self.expected = time.monotonic() - started
        return answer

    def as_json(self):
        return {"first_seconds": self.first, "rounds": self.rounds, "note": self.note}


def play(entries, rounds, deadline, say=print):
    """Runs each once, then up to so many rounds: as many as all of them find time for."""
    for entry in entries:
        if entry.run(deadline) is not None:
            entry.first = entry.expected
    for turn in range(rounds):
        left = [entry for entry in entries if not entry.note]
        if not left or time.monotonic() + sum(entry.expected for entry in left) > deadline:
            break
        answers = {}
        for entry in in_turn(left, turn):
            if (answer := entry.run(deadline)) is not None:
                answers[entry.key] = answer
                entry.rounds.append(answer)
        times = {key: f"{answer['seconds']:.3f}" for key, answer in answers.items()}
        say(f"  round {turn + 1}, s: {times}", flush=True)
    for entry in entries:
        if not entry.note and not entry.rounds:
            entry.note = NO_TIME
    return entries
