"""The fuzzers run, and what they look for they find."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.harness import mutated
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


def process(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, **options)


@pytest.mark.parametrize("reader", ["models", "formulas"])
def test_a_thousand_inputs(reader, tmp_path):
    options = ("--inputs", "1000", "--seed", "7", "--seconds", str(PATIENCE))
    done = process("-m", f"fuzz.{reader}", *options, cwd=tmp_path, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert f"{reader}: 1,000 inputs" in done.stdout
    assert not (tmp_path / "findings").exists()


BAD = """
import os, random, sys
from pathlib import Path
from fuzz.harness import Reader, run

def hang(content):
    while True: pass
def crash(content):
    raise KeyError("x")
def swallow(content):
    try: os.system("true")
    except Exception: return "swallowed"
def write(content):
    open("written", "w")
def memory(content):
    bytearray(1 << 40)
def refuse(content):
    raise ValueError
read = {"HANG": hang, "CRASH KeyError": crash, "CODE RUN": swallow, "MEMORY": memory, "refused": refuse}
read["CODE RUN "] = write
word = sys.argv[1]
reader = Reader("bad", lambda rng: b"in", lambda content: None, read[word], (ValueError,), float(sys.argv[2]))
counts = run(reader, 2, 0, Path("found"))
assert counts == {word.strip(): 2}, counts
assert os.path.exists("found") == (word != "refused")
assert not os.path.exists("written")
"""


@pytest.mark.parametrize("word", ["HANG", "CRASH KeyError", "CODE RUN", "CODE RUN ", "MEMORY", "refused"])
def test_what_it_must_find(word, tmp_path):
    seconds = 1 if word == "HANG" else PATIENCE
    done = process("-c", BAD, word, str(seconds), cwd=tmp_path, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


def test_mutations_depend_on_the_seed_alone():
    made = [[mutated(random.Random(s), b"seed of it", [b"other"]) for s in range(50)] for _ in range(2)]
    assert made[0] == made[1]
    assert len(set(made[0])) > 20
