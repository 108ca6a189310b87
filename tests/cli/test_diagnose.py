"""``chainrule diagnose FILE.py``: the file runs elsewhere, whatever it does ends in a report."""

from __future__ import annotations

import json
import subprocess
import sys
from math import inf

import pytest

from chainrule.diagnosis.asking import process
from tests.cli.commandline import chainrule
from tests.diagnosis.cases import CORPUS, FAULTY
from tests.patience import PATIENCE

TEXTBOOK = (CORPUS / "textbook.py").read_text(encoding="utf-8")
RUN = "process of its own"
UNHURRIED = ("--time-limit", PATIENCE / 2)


@pytest.fixture(autouse=True)
def time_enough(monkeypatch):
    """Explanations are searched for to the end, where the command runs in this process."""
    monkeypatch.setattr("chainrule.diagnosis.verdict.judge.SEARCH_SECONDS", inf)


@pytest.fixture
def file(tmp_path):
    """Write a program, and give its name."""

    def write(text, name="code.py"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return write


def test_one_command_says_that_it_is_the_quadratic_costs_gradient(file, here):
    name = file(TEXTBOOK.replace("class Network", "# cross-entropy\nclass Network"))
    done = here("diagnose", name, "--layers", "3-4-2", *UNHURRIED)
    assert (done.code, done.err) == (1, "")
    said = " ".join(done.out.split())
    assert "dW^1, db^1, dW^2, db^2 wrong." in said
    assert "the quadratic cost's gradient (agrees to " in said
    assert "In your code, line 45: delta = (activations[-1] - y) * sigmoid_prime(zs[-1])" in said
    assert "Right, in your layout: delta = a[-1] - y" in said
    assert "db before dW" in said
    assert RUN in said


def test_without_that_word_it_is_right(file, tmp_path):
    done = chainrule("diagnose", file(TEXTBOOK), "--layers", "3-4-2", *UNHURRIED, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "The gradient is right" in done.out
    assert "The update is right" in done.out
    assert "quadratic cost with sigmoid outputs" in " ".join(done.out.split())


def test_json_and_html(file, tmp_path, here):
    case = next(case for case in FAULTY if case.name == "sigmoid_prime given the activation")
    done = here("diagnose", file(case.text), "--layers", "3-4-2", "--json", "--html", "page.html", *UNHURRIED)
    assert done.code == 1
    told = json.loads(done.out)
    assert told["verdict"] == "wrong"
    assert told["summary"] == "dW^1, db^1 wrong; dW^2, db^2 right."
    assert told["explanations"][0]["mistakes"][0] == {
        "key": "B2 slope of a",
        "equation": "B2",
        "name": "φ' taken at a^L instead of z^L",
        "layers": [1],
    }
    assert told["explanations"][0]["agrees_to"] < 1e-12
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "φ&#x27; taken at a^L instead of z^L" in page
    assert "src=" not in page


WRONG_SHAPE = "def gradients(weights, biases, x, y):\n    return weights[0] @ weights[0] @ weights[0]\n"


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("while True:\n    pass\n", ["--time-limit", 2], ["no result within 2 seconds", "__main__"]),
        ("x = \n", [], ["SyntaxError: invalid syntax", "line 1: x ="]),
        ("import nothing_of_that_name\n", [], ["ModuleNotFoundError", "line 1: import nothing_of_that_name"]),
        ("import os\nos._exit(3)\n", [], ["ended by itself, with code 3"]),
        ("raise SystemExit('bye')\n", [], ["SystemExit: bye", "line 1"]),
        (WRONG_SHAPE, [], ["ValueError: matmul", "line 2: return weights[0] @ weights[0]", "transpose"]),
        (
            "def f(a):\n    return a\n",
            [],
            ["the file must define a function such as gradients", "it defines f"],
        ),
        ("def gradients(u, v):\n    return u\n", [], ["not understood: u, v"]),
        ("def gradients(weights, biases, x, y):\n    return 1.0\n", [], ["returned float, where dW and db"]),
    ],
    ids=[
        "loop at once",
        "syntax",
        "import",
        "exit",
        "SystemExit",
        "shape",
        "nothing",
        "names",
        "number",
    ],
)
def test_what_cannot_be_asked_is_reported(file, tmp_path, text, options, said):
    done = chainrule("diagnose", file(text), *(options or UNHURRIED), cwd=tmp_path)
    assert (done.code, done.err) == (2, "")
    told = " ".join(done.out.split())
    for part in (*said, "could not be asked", RUN):
        assert part in told
    assert "Traceback" not in told


LOOP = """from itertools import repeat
from pathlib import Path
def gradients(weights, biases, x, y):
    {}
"""


@pytest.mark.parametrize(
    "line",
    ['while True: Path("entered").touch()', 'Path("entered").touch(), sum(repeat(0))'],
    ids=["of Python", "of C"],
)
def test_an_endless_loop_is_told_with_its_line(file, tmp_path, line):
    """However slow the machine is: the limit grows until the loop has been reached within it."""
    for limit in (1, 10, 100, PATIENCE / 2):
        done = chainrule("diagnose", file(LOOP.format(line)), "--time-limit", limit, cwd=tmp_path)
        told = " ".join(done.out.split())
        assert (done.code, done.err) == (2, "")
        assert f"no result within {limit:g} seconds: an endless loop" in told
        if (tmp_path / "entered").exists():
            break
    assert f"line 4: {line}" in told


def test_the_time_limit_counts_from_where_the_file_is_run(file, tmp_path, monkeypatch):
    """Not from where the process starts: what it imports is not the user's doing."""
    heard = []

    class Process(subprocess.Popen):
        def wait(self, timeout=None):
            heard.extend([] if timeout is None else [timeout])
            return super().wait(timeout)

    def begins(started):
        heard.append(waits_for_the_start(started))
        return heard[-1]

    waits_for_the_start = process._begins
    monkeypatch.setattr(process, "_begins", begins)
    monkeypatch.setattr(process.subprocess, "Popen", Process)
    found = process.ask_file(str(tmp_path / file(TEXTBOOK)), None, (3, 4, 2), PATIENCE / 2)
    assert found.answers
    assert heard == [True, PATIENCE / 2 + 2 * process.GRACE]


MODULES = "import sys\nfrom pathlib import Path\n{}    Path('asked').write_text(' '.join(sys.modules))\n"
CLOCK = """
import faulthandler, sys
from pathlib import Path
from chainrule.diagnosis.asking.child import main

faulthandler.dump_traceback_later = lambda *_, **__: Path("started").write_text(" ".join(sys.modules))
main(Path())
"""


def test_nothing_is_left_to_import_when_the_clock_starts(file, tmp_path):
    asked = MODULES.format("def gradients(weights, biases, x, y):\n")
    job = {"file": str(tmp_path / file(asked)), "name": None, "layers": None, "seconds": PATIENCE}
    (tmp_path / "job.json").write_text(json.dumps(job))
    done = subprocess.run([sys.executable, "-c", CLOCK], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, process.BEGUN), done.stderr
    before, then = (set((tmp_path / name).read_text().split()) for name in ("started", "asked"))
    assert "chainrule.diagnosis.asking.observe" in before
    assert not {name for name in then - before if name.startswith(("chainrule", "numpy", "scipy"))}


def test_shapes_that_fail_are_tried_on_layers_equally_wide(file, here):
    case = next(case for case in FAULTY if case.name == "weights[i] without T")
    done = here("diagnose", file(case.text), "--layers", "3-4-2", *UNHURRIED)
    said = " ".join(done.out.split())
    assert done.code == 1
    assert "With layers 3-4-2 it does not run: ValueError" in said
    assert "With layers equally wide, 4-4-4, it does" in said
    assert "W^{L+1} where its transpose is meant" in said


def test_what_the_file_prints_is_not_ours(file, here):
    name = file("print('hello')\nimport sys\nsys.stderr.write('noise')\n" + TEXTBOOK)
    done = here("diagnose", name, "--layers", "3-4-2", *UNHURRIED)
    assert (done.code, done.err) == (0, "")
    assert "hello" not in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.py"], "FILE must be an existing Python file; got 'missing.py'"),
        (["code.py", "--hidden", "sigmod"], "Did you mean 'sigmoid'?"),
        (["code.py", "--output", "softmx"], "Did you mean 'softmax'?"),
        (["code.py", "--loss", "quadrtic"], "Did you mean 'quadratic'?"),
        (["code.py", "--time-limit", "0"], "time-limit must be above 0"),
        (["code.py", "--html", "code.py/page.html"], "must be writable"),
    ],
)
def test_bad_options(file, here, arguments, said):
    file(TEXTBOOK)
    done = here("diagnose", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_name_in_the_file(file, here):
    name = file(TEXTBOOK + "\nclass Other:\n    pass\n")
    assert here("diagnose", f"{name}:Network", "--layers", "3-4-2", *UNHURRIED).code == 0
    done = here("diagnose", f"{name}:Network.update_mini_batch", *UNHURRIED)
    assert "class Network, update_mini_batch" in done.out
    done = here("diagnose", f"{name}:Netwrok", *UNHURRIED)
    assert done.code == 2
    assert "Did you mean 'Network'?" in done.out
