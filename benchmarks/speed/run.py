"""What the parts of one run share: the processes, the data, and the way of measuring.

First every setting of every competitor runs twice: once to compile and warm up, once on the clock. Settings
within `KEPT` of their competitor's best go on to the rounds, in which competitors take turns; the median over
the rounds counts, and a competitor's best median is its figure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.speed.peers import OURS, PEERS
from benchmarks.speed.team import Failed, Key, Team

KEPT = 1.3
AT_MOST = 3
"""Settings of one competitor that go on to the rounds."""
MOST_REPEATS = 5

Result = dict[str, Any]


class Run(NamedTuple):
    """The options of one run."""

    team: Team
    folder: Path
    peers: tuple[str, ...]
    threads: tuple[int, ...]
    rounds: int
    enough: float
    """Seconds: what is shorter is repeated in every round, a few times at most."""
    most_rows: int | None = None

    def keys(self, peer: str) -> list[Key]:
        """The processes of a competitor: one for each number of threads, unless it picks its own."""
        return [Key(peer, None)] if PEERS[peer].own_threads else [Key(peer, n) for n in self.threads]

    def rows(self, wanted: int) -> int:
        """As many rows as wanted, or as many as a quick run takes."""
        return min(wanted, self.most_rows or wanted)


def say(text: str) -> None:
    """A line about what is going on, apart from the results."""
    print(text, file=sys.stderr, flush=True)


def measure(run: Run, candidates: list[Result], ask: Callable[[Result, int], Result]) -> list[Result]:
    """Run the rounds over candidates ({peer, threads, setting, first}); each gets its ``seconds``.

    Args:
        run: the options.
        candidates: what goes on to the rounds.
        ask: has one candidate do its work, so many times, and returns the answer with its ``seconds``.
    """
    for candidate in candidates:
        candidate |= {"seconds": [], "busy": []}
    for turn in range(run.rounds):
        for candidate in rotated([c for c in candidates if "problem" not in c], turn):
            repeats = min(MOST_REPEATS, int(run.enough / max(candidate["first"], 1e-9)) + 1)
            try:
                answer = ask(candidate, repeats)
            except Failed as error:
                say(f"    {label(candidate)}: left out: {error}")
                candidate["problem"] = str(error)
                continue
            candidate["seconds"].append(answer["seconds"])
            candidate["busy"].append(answer.get("busy", 1.0))
    candidates[:] = [candidate for candidate in candidates if "problem" not in candidate]
    return candidates


def rotated(items: list[Result], turn: int) -> list[Result]:
    """The same items, starting elsewhere: nobody always runs after the same neighbour."""
    start = turn % len(items) if items else 0
    return items[start:] + items[:start]


def best_settings(tried: Iterable[Result]) -> list[Result]:
    """Of every competitor, the settings near its best."""
    by_peer: dict[str, list[Result]] = {}
    for result in sorted((r for r in tried if "problem" not in r), key=lambda r: float(r["first"])):
        by_peer.setdefault(result["peer"], []).append(result)
    return [
        result
        for results in by_peer.values()
        for result in results[:AT_MOST]
        if result["first"] <= KEPT * results[0]["first"]
    ]


def attempt(result: Result, action: Callable[[], Result]) -> Result:
    """The result with what the action found, or with the problem it met, which is told."""
    try:
        return result | action()
    except Failed as error:
        say(f"    {label(result)}: left out: {error}")
        return result | {"problem": str(error)}


def label(result: Result) -> str:
    """A competitor's name, setting and threads."""
    n = result["threads"]
    threads = "" if n is None else f", {n} thread{'s' * (n > 1)}"
    return f"{PEERS[result['peer']].title}, {result['setting']}{threads}"


def key_of(result: Result) -> Key:
    """The process of a result."""
    return Key(result["peer"], result["threads"])


def trainers(run: Run) -> list[str]:
    """The competitors that train, ours first."""
    return [peer for peer in (OURS, *run.peers) if PEERS[peer].trains]


def settings(run: Run, key: Key, kind: str) -> list[str]:
    """The settings of a competitor; none where it cannot even start."""
    try:
        return list(run.team.ask(key, "hello")[kind])
    except Failed as error:
        say(f"    {PEERS[key.peer].title}: left out: {error}")
        return []
