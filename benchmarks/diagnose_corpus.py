"""The corpus of right and faulty programs, diagnosed: a table of what was caught and explained.

    python -m benchmarks.diagnose_corpus [--cases] [--only textbook]

Every program is asked in a process of its own, as ``chainrule diagnose`` does; the time is that of the whole.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from itertools import permutations
from pathlib import Path

from chainrule.diagnosis import Diagnosis, diagnose_file
from tests.diagnosis import asking, cases


def timed(case: cases.Case, folder: Path) -> tuple[Diagnosis, float]:
    """The diagnosis of a program, and the seconds that it took."""
    path = folder / "code.py"
    path.write_text(case.text, encoding="utf-8")
    options = {name.removeprefix("--"): value for name, value in zip(*[iter(case.options)] * 2, strict=True)}
    start = time.perf_counter()
    found = diagnose_file(str(path), None, tuple(map(int, case.layers.split("-"))), **options)
    return found, time.perf_counter() - start


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cases", action="store_true", help="a line for every program")
    parser.add_argument("--only", default="", help="programs whose name holds this")
    arguments = parser.parse_args()
    caught = explained = alarms = lines = with_line = 0
    seconds = []
    right, faulty = (
        [case for case in every if arguments.only in case.id] for every in (cases.RIGHT, cases.FAULTY)
    )
    with tempfile.TemporaryDirectory() as made:
        for case in (*right, *faulty):
            found, took = timed(case, Path(made))
            seconds.append(took)
            hit = any(" + ".join(order) in case.expected for order in permutations(found.keys))
            alarms += not case.expected and found.verdict != "right"
            caught += bool(case.expected) and found.verdict == "wrong"
            explained += bool(case.expected) and hit
            in_line = case.has_line and asking.names_the_line(case, found)
            with_line += case.has_line
            lines += in_line
            if arguments.cases:
                where = "" if in_line or not case.has_line else "  [another line]"
                print(
                    f"{found.verdict:6} {took:5.1f} s  {case.id}  →  {' + '.join(found.keys) or '–'}{where}"
                )
    print(f"right programs        {len(right):4}   false alarms {alarms}")
    print(f"faulty programs       {len(faulty):4}   caught {caught}, right explanation first {explained}")
    print(f"mistakes with a line  {with_line:4}   right line shown {lines}")
    print(f"seconds a program     median {statistics.median(seconds):.1f}, longest {max(seconds):.1f}")


if __name__ == "__main__":
    main()
