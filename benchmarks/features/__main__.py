"""Ask each library for each feature, by using it; what is not installed is said and left out.

    pip install --group features -e .             # pip 25.1 or newer
    python -m benchmarks.features --write docs/results/features.md

A probe trains a small network and looks at the effect. "yes" is an option of the class, or something that the
library ships and an option takes; "by code" is some lines of the user's own; "no" comes with what happened.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from benchmarks.features.base import Peer
from benchmarks.features.report import ask, report
from benchmarks.features.rows import ROWS

PEERS = {
    "chainrule": ("scikit", "Chainrule"),
    "sklearn": ("scikit", "Mlp"),
    "skorch": ("skorch_net", "Skorch"),
    "keras": ("keras_model", "Keras"),
}


def load(name: str) -> Peer:
    """A peer; ImportError where its library is not installed."""
    module, cls = PEERS[name]
    found: Peer = getattr(importlib.import_module(f"benchmarks.features.{module}"), cls)()
    return found


def installed(names: list[str]) -> list[Peer]:
    """The peers whose libraries are there."""
    found = []
    for name in names:
        try:
            found.append(load(name))
        except ImportError as error:
            print(f"{name} left out: {error}", file=sys.stderr)
    return found


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=PEERS, metavar="NAME")
    parser.add_argument("--only", help="rows with these words in their title")
    parser.add_argument("--write", type=Path, help="a file for the report")
    given = parser.parse_args(arguments)
    rows = [row for row in ROWS if given.only is None or given.only in row.title]
    peers, answers = installed(given.peers), {}
    for row in rows:
        for peer in peers:
            answers[row.title, peer.name] = ask(peer, row)
        print(f"{row.title}: {', '.join(answers[row.title, p.name].cell for p in peers)}", file=sys.stderr)
    text = report(rows, peers, answers)
    print(text, end="")
    if given.write:
        given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
