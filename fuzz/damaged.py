"""Damaged run folders and model files: every command that reads them ends with a message.

python -m fuzz.damaged                  # 2,000 damaged folders, each read by one command
python -m fuzz.damaged --inputs 200 --seed 3
"""

from __future__ import annotations

import argparse
import io
import json
import random
import shutil
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzz.models import _changed, _sealed, _split

COMMANDS: dict[str, list[str]] = {
    "report": ["report", "RUN", "-o", "OUT/page.html"],
    "compare": ["compare", "RUN", "GOOD"],
    "evaluate": ["evaluate", "RUN/model.safetensors", "TABLE"],
    "predict": ["predict", "RUN/model.safetensors", "TABLE"],
    "explain": ["explain", "RUN/model.safetensors", "TABLE"],
    "export": ["export", "RUN/model.safetensors", "--to", "numpy", "-o", "OUT/model.py"],
    "train --resume": ["train", "--resume", "RUN", "--epochs", "3"],
    "tune --resume": ["tune", "--resume", "SEARCH"],
}
"""Commands that read what was written before."""


def good(place: Path) -> None:
    """A run folder with everything in it, a search, and the table that they were made of."""
    rng = random.Random(0)
    rows = [[rng.gauss(k, 1.0) for k in (c, 1 - c)] + [("no", "yes")[c]] for c in (0, 1) * 30]
    text = "\n".join(["u,v,label", *(f"{u:.4f},{v:.4f},{label}" for u, v, label in rows)])
    (place / "table.csv").write_text(text + "\n", encoding="utf-8")
    table = str(place / "table.csv")
    _call(["train", table, "--layers", "3", "--epochs", "2", "--run", str(place / "run")])
    shutil.copytree(place / "run", place / "good")
    _call(["tune", table, "--candidates", "2", "--epochs", "2", "--run", str(place / "search")])


def _call(arguments: list[str]) -> tuple[int, BaseException | None, str]:
    """Run a command here: its exit code, the exception that got out of it, and what it printed."""
    from contextlib import redirect_stderr, redirect_stdout

    from chainrule.cli import main

    printed = io.StringIO()
    before, sys.argv = sys.argv, ["chainrule", *arguments]
    try:
        with redirect_stdout(printed), redirect_stderr(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            main()
    except SystemExit as end:
        return int(end.code or 0), None, printed.getvalue()
    except Exception as error:
        return 1, error, printed.getvalue()
    finally:
        sys.argv = before
    return 0, None, printed.getvalue()


def damage(rng: random.Random, folder: Path) -> str:
    """Change something in one file of a folder; what was done, in words."""
    files = sorted(
        path for path in folder.iterdir() if path.suffix in (".json", ".jsonl", ".safetensors", ".npz")
    )
    path = rng.choice(files)
    way = rng.choice(["gone", "cut", "empty", "folder", "bytes", "kinds", "kinds", "kinds", "kinds", "kinds"])
    if way == "gone":
        path.unlink()
    elif way == "cut":
        path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])
    elif way == "empty":
        path.write_bytes(b"")
    elif way == "folder":
        path.unlink()
        path.mkdir()
    elif way == "bytes" or path.suffix == ".npz":
        _npz(rng, path) if path.suffix == ".npz" else _bytes(rng, path)
    elif path.suffix == ".safetensors":
        header, body = _split(path.read_bytes())
        about = json.loads(header["__metadata__"]["chainrule"])
        path.write_bytes(_sealed(header, _numbers(rng, body), json.dumps(_changed(rng, about))))
    elif path.suffix == ".json":
        path.write_text(json.dumps(_changed(rng, json.loads(path.read_text("utf-8")))), encoding="utf-8")
    else:
        lines = path.read_text("utf-8").splitlines()
        at = rng.randrange(len(lines))
        lines[at] = json.dumps(_changed(rng, json.loads(lines[at])))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"{way} {path.name}"


def _asks_for_ages(search: Path) -> bool:
    """Whether a damaged search would, rightly, train for very long."""
    try:
        return bool(json.loads(search.read_text("utf-8"))["options"]["epochs"] > 100)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _bytes(rng: random.Random, path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] = rng.randrange(256)
    path.write_bytes(content)


def _numbers(rng: random.Random, body: bytes) -> bytes:
    """One of the weights NaN or infinite, now and then."""
    import numpy as np

    if rng.random() < 0.7 or len(body) % 4:
        return body
    numbers = np.frombuffer(body, np.float32).copy()
    numbers[rng.randrange(len(numbers))] = rng.choice([np.nan, np.inf, -np.inf, 3e38])
    return numbers.tobytes()


def _npz(rng: random.Random, path: Path) -> None:
    import numpy as np

    with np.load(path) as file:
        arrays: dict[str, Any] = dict(file)
    name = rng.choice(sorted(arrays))
    old = arrays[name]
    changes: list[Callable[[], Any]] = [
        lambda: old[:0] if old.ndim else old,
        lambda: old[..., None],
        lambda: old.astype(str),
        lambda: np.full_like(old, 99) if old.dtype.kind in "if" else old,
        lambda: np.full(old.shape, np.nan),
        lambda: old.reshape(-1)[:1],
        lambda: np.zeros((3, 3, 3)),
    ]
    arrays[name] = rng.choice(changes)()
    if rng.random() < 0.2:
        del arrays[name]
    np.savez_compressed(path, **arrays)


def run(inputs: int, seed: int, findings: Path) -> Counter[tuple[str, str]]:
    """Damage so many folders and read each by one command; what came of them, by command."""
    rng, counts = random.Random(seed), Counter[tuple[str, str]]()
    with tempfile.TemporaryDirectory(prefix="damaged-") as name:
        place = Path(name)
        good(place)
        for number in range(inputs):
            command = list(COMMANDS)[number % len(COMMANDS)]
            for kind, source in (("broken", "run"), ("broken-search", "search")):
                shutil.rmtree(place / kind, ignore_errors=True)
                shutil.copytree(place / source, place / kind)
            done = damage(rng, place / ("broken-search" if command.startswith("tune") else "broken"))
            if _asks_for_ages(place / "broken-search" / "search.json"):
                continue
            places = {"RUN": place / "broken", "GOOD": place / "good", "TABLE": place / "table.csv"}
            places |= {"SEARCH": place / "broken-search", "OUT": place}
            arguments = [_filled(word, places) for word in COMMANDS[command]]
            code, error, output = _call(arguments)
            word = _judged(code, error, output)
            counts[command, word] += 1
            if word.isupper():
                _keep(findings, f"{seed}-{number}", command, done, error, output)
    return counts


def _filled(word: str, places: dict[str, Path]) -> str:
    first, slash, rest = word.partition("/")
    return f"{places[first]}{slash}{rest}" if first in places else word


def _judged(code: int, error: BaseException | None, output: str) -> str:
    if error is not None:
        return "TRACEBACK"
    if code == 0:
        return "NAN WITH EXIT CODE 0" if ",nan" in output else "done"
    return "refused" if code in (1, 2) and output.strip() else "NO MESSAGE"


def _keep(
    findings: Path, name: str, command: str, done: str, error: BaseException | None, output: str
) -> None:
    findings.mkdir(parents=True, exist_ok=True)
    trace = "".join(traceback.format_exception(error)) if error is not None else output
    (findings / f"{name}.txt").write_text(f"{command}: {done}\n{trace}", encoding="utf-8")
    print(f"{command}: {done}: {findings / name}.txt", file=sys.stderr, flush=True)


def main() -> None:
    """Print a table; exit code 1 if something was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.damaged")
    parser.add_argument("--inputs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--findings", type=Path, default=Path("findings") / "damaged")
    options = parser.parse_args()
    counts = run(options.inputs, options.seed, options.findings)
    words = sorted({word for _, word in counts}, key=lambda word: (word.isupper(), word))
    print(f"| command | {' | '.join(words)} |\n|---|{'---|' * len(words)}")
    for command in COMMANDS:
        print(f"| {command} | {' | '.join(f'{counts[command, word]:,}' for word in words)} |")
    found = sum(count for (_, word), count in counts.items() if word.isupper())
    print(f"\n{options.inputs:,} damaged folders, seed {options.seed}, {found:,} findings")
    sys.exit(int(found > 0))


if __name__ == "__main__":
    main()
