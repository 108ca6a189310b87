"""Programs in the styles of public projects, diagnosed as they stand: what was taken and explained.

    python -m benchmarks.diagnose_wild [--only spiral] > docs/results/diagnose-wild.md

Every program is asked in a process of its own, as ``chainrule diagnose FILE`` does.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from chainrule.diagnosis import Diagnosis, diagnose_file
from tests.diagnosis.wild_cases import FAULTY, RIGHT, SHORTFALLS, Wild


class Result(NamedTuple):
    """What came of one program."""

    case: Wild
    found: Diagnosis
    shortfall: str
    seconds: float


def result(case: Wild) -> Result:
    """Ask about one program."""
    with tempfile.TemporaryDirectory() as made:
        path = case.placed(Path(made))
        start = time.perf_counter()
        found = diagnose_file(str(path))
        seconds = time.perf_counter() - start
    return Result(case, found, case.shortfall(found), seconds)


def _without(results: Sequence[Result], upto: str) -> str:
    """How many have none of the shortfalls up to this one, in their order."""
    bad = SHORTFALLS[: SHORTFALLS.index(upto) + 1]
    return f"{sum(one.shortfall not in bad for one in results)} of {len(results)}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", default="", help="programs whose name holds this")
    only = parser.parse_args().only
    right = [result(case) for case in RIGHT if only in case.id]
    faulty = [result(case) for case in FAULTY if only in case.id]
    both = [*right, *faulty]
    seconds = [one.seconds for one in both]
    print("# Diagnosis of programs in the styles of public projects\n")
    print(
        "Written anew for this table (`tests/diagnosis/wild`), and asked as they stand: no name, no widths,"
    )
    print("no option. Made by `python -m benchmarks.diagnose_wild`.\n")
    print("| what | how many |\n|---|---|")
    print(f"| right programs: taken | {_without(right, 'not taken')} |")
    print(f"| right programs: called right | {_without(right, 'called wrong')} |")
    print(f"| faulty programs: taken | {_without(faulty, 'not taken')} |")
    print(f"| faulty programs: called wrong | {_without(faulty, 'missed')} |")
    print(f"| faulty programs: explained by the planted mistake | {_without(faulty, 'not explained')} |")
    print(f"| faulty programs: its line is shown too | {_without(faulty, 'another line')} |")
    print(f"| seconds a program | median {statistics.median(seconds):.1f}, longest {max(seconds):.1f} |\n")
    print("| program | in the style of | style | planted | first explanation | |\n|---|---|---|---|---|---|")
    for one in both:
        case = one.case
        planted = case.name if case.expected else "–"
        keys = " + ".join(one.found.keys) or one.found.verdict
        row = (case.file, case.project, case.style, planted, keys, one.shortfall or "✓")
        print("| " + " | ".join(map(_escaped, row)) + " |")


if __name__ == "__main__":
    main()
