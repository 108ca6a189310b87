"""``chainrule diagnose FILE.py``: the file runs elsewhere, whatever it does ends in a report."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from math import inf

import pytest

from chainrule.diagnosis.asking import process
from chainrule.diagnosis.asking.source import from_file
from tests.cli.commandline import COMMAND, chainrule, environment
from tests.diagnosis.cases import CORPUS, FAULTY
from tests.patience import PATIENCE, wait_until

TEXTBOOK = (CORPUS / "textbook.py").read_text(encoding="utf-8")
COLUMNS = (CORPUS / "columns_function.py").read_text(encoding="utf-8")
LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere only what stays in the process group ends"
)
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
    assert "Right: delta = activations[-1] - y" in said
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
    assert page.startswith("<!doctype html>")
    assert "φ&#x27; taken at <math" in page
    assert "<msup><mi>a</mi><mrow><mi>L</mi></mrow></msup></mrow></math> instead of <math" in page
    assert "src=" not in page


WRONG_SHAPE = "def gradients(weights, biases, x, y):\n    return weights[0] @ weights[0] @ weights[0]\n"


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("while True:\n    pass\n", ["--time-limit", 2], ["no result within 2 seconds", "__main__"]),
        ("x = \n", [], ["SyntaxError: invalid syntax", "line 1: x ="]),
        ("print 'a'\n", [], ["written in Python 2", "python-modernize -w FILE", "line 1: print 'a'"]),
        (
            "import nothing_of_that_name\n",
            [],
            ["a stand-in took its place: nothing_of_that_name", "must define"],
        ),
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
        "Python 2",
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


IMPORTED = ("random", "json", "token", "string", "calendar", "queue", "statistics", "copy")
BESIDE = (
    "types",
    "operator",
    "inspect",
    "tempfile",
    "zipfile",
    "shutil",
    "secrets",
    "traceback",
    "threading",
    "ast",
)


def test_files_named_like_standard_modules(file, tmp_path):
    """Those that the program imports are its own, as Python has it; the others do not become ours."""
    for name in IMPORTED:
        file(f"OWN = {name!r}\n", f"{name}.py")
    for name in BESIDE:
        file("from pathlib import Path\nPath('ran').touch()\nraise RuntimeError\n", f"{name}.py")
    (tmp_path / "logging").mkdir()
    file("OWN = 'logging'\n", "logging/__init__.py")
    imports = "".join(f"import {name}\nassert {name}.OWN\n" for name in (*IMPORTED, "logging"))
    done = chainrule("diagnose", tmp_path / file(imports + COLUMNS), *UNHURRIED, cwd=tmp_path.parent)
    assert (done.code, done.err) == (0, ""), done.out
    assert "The gradient is right" in done.out
    assert not (tmp_path / "ran").exists()


def test_in_their_folder_too(file, tmp_path):
    """`python -m chainrule` looks for modules in the current folder first."""
    for name in ("random", "json", "token", "string"):
        file("raise RuntimeError\n", f"{name}.py")
    done = chainrule("diagnose", file(COLUMNS), *UNHURRIED, cwd=tmp_path)
    assert (done.code, done.err) == (0, ""), done.out


@pytest.mark.parametrize(
    ("before", "encoding"),
    [("", "utf-8-sig"), ("# -*- coding: latin-1 -*-\n# größer\n", "latin-1"), ("# größer\n", "utf-8")],
    ids=["byte-order mark", "latin-1", "plain"],
)
def test_encodings_that_python_reads(tmp_path, before, encoding):
    (tmp_path / "code.py").write_text(before + COLUMNS, encoding=encoding)
    source = from_file(str(tmp_path / "code.py"))
    assert "gradients" in source.namespace
    assert source.text == before + COLUMNS


def test_an_encoding_that_python_does_not_read(tmp_path, here):
    (tmp_path / "code.py").write_text(COLUMNS, encoding="utf-16")
    done = here("diagnose", "code.py", *UNHURRIED)
    assert done.code == 2
    assert "SyntaxError" in done.out


ORPHAN = """
import os, sys, time
def orphan():
    if {daemon}:
        os.setsid()
        if os.fork():
            os._exit(0)
    with open("pid.new", "w") as file:
        file.write(str(os.getpid()))
    os.rename("pid.new", "pid")
    while True:
        time.sleep(60)
if not os.fork():
    orphan()
while not os.path.exists("pid"):
    time.sleep(0.01)
{then}
"""
ENDS = {
    "returns": "",
    "is late": "import time; time.sleep(10**6)",
    "exits": "os._exit(3)",
    "is killed": "os.kill(os.getpid(), 9)",
}


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(os.name == "nt", reason="process groups")
@pytest.mark.parametrize("ending", ENDS)
@pytest.mark.parametrize("daemon", [False, pytest.param(True, marks=LINUX)], ids=["child", "daemon"])
def test_what_the_file_has_started_ends_with_it(file, tmp_path, ending, daemon):
    name = file(ORPHAN.format(daemon=daemon, then=ENDS[ending]) + COLUMNS)
    for limit in (2, 20, PATIENCE / 2):  # however slow the machine is
        found = process.ask_file(str(tmp_path / name), None, None, limit if ending == "is late" else PATIENCE)
        if (tmp_path / "pid").exists():
            break
    assert bool(found.answers) == (ending == "returns")
    assert not is_there(int((tmp_path / "pid").read_text()))
    said = {"exits": "with code 3", "is killed": "with code -9", "is late": "no result within"}
    assert said.get(ending, "") in (found.failure.error if found.failure else "")


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, -15, "")]
)
def test_a_diagnosis_that_is_interrupted_leaves_nothing_running(file, tmp_path, number, code, said):
    name = file(ORPHAN.format(daemon=sys.platform == "linux", then=ENDS["is late"]))
    with subprocess.Popen(
        [*COMMAND, "diagnose", name, *map(str, UNHURRIED)],
        cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    ) as asked:  # fmt: skip
        wait_until((tmp_path / "pid").exists, asked)
        asked.send_signal(number)
        _, err = asked.communicate(timeout=PATIENCE)
    assert (asked.returncode, err.strip()) == (code, said)
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not is_there(pid))


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "GeneratorExit", "SystemExit(1)", "EOFError"])
def test_whatever_the_file_raises_is_reported(file, here, raised):
    done = here("diagnose", file(f"raise {raised}\n"))
    assert (done.code, done.err) == (2, "")
    assert f"{raised.partition('(')[0]}" in done.out
    assert "line 1: raise" in done.out


class TestFullFolder:
    """Exit code 1 would say that the gradient is wrong."""

    @pytest.fixture
    def full(self, monkeypatch):
        def refuse(*args, **kwargs):
            raise OSError(errno.ENOSPC, "No space left on device")

        return lambda name: monkeypatch.setattr(name, refuse)

    @pytest.mark.parametrize("at", ["tempfile.mkdtemp", "pathlib.Path.write_text"])
    def test_from_the_start(self, file, here, full, at):
        name = file(COLUMNS)
        full(at)
        done = here("diagnose", name)
        assert (done.code, done.out) == (2, "")
        assert "temporary files must take what the program gives; got 'No space left" in done.err

    @pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
    def test_when_it_takes_no_result(self, file, here):
        """The file sets a limit to files, which stands for the size of the disk."""
        limit = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9))\n"
        done = here("diagnose", file(limit + COLUMNS))
        assert (done.code, done.out) == (2, "")
        assert "Free some space, or name another folder in TMPDIR" in done.err

    def test_that_there_is_none(self, file, here, monkeypatch):
        name = file(COLUMNS)

        def none():
            raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

        monkeypatch.setattr("tempfile.gettempdir", none)
        done = here("diagnose", name)
        assert (done.code, done.out) == (2, "")
        assert "No usable temporary directory" in done.err


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


def test_watching_goes_on_with_each_change_until_ctrl_c(file, tmp_path):
    name = file(TEXTBOOK)
    command = [*COMMAND, "diagnose", name, "--layers", "3-4-2", "--loss", "cross-entropy", "--watch"]
    with (tmp_path / "out.txt").open("w") as out, (tmp_path / "err.txt").open("w") as err:
        process = subprocess.Popen(
            [*command, *map(str, UNHURRIED)], cwd=tmp_path, env=environment(), stdout=out, stderr=err
        )

        def reports():
            return (tmp_path / "err.txt").read_text(encoding="utf-8").count("watching code.py")

        try:
            wait_until(lambda: reports() == 1, process)
            assert "WRONG" in (tmp_path / "out.txt").read_text(encoding="utf-8")
            file(TEXTBOOK.replace(" * sigmoid_prime(zs[-1])", ""))
            wait_until(lambda: reports() == 2, process)
            (tmp_path / "helper.py").write_text("x = 1\n", encoding="utf-8")
            wait_until(lambda: reports() == 3, process)
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0  # the last one was right
        finally:
            process.kill()
    text = (tmp_path / "out.txt").read_text(encoding="utf-8")
    assert text.count("Diagnosis of class Network") == 3
    assert text.count("The gradient is right") == 2


def test_watching_a_file_that_is_not_there_ends(here):
    done = here("diagnose", "nothing.py", "--watch")
    assert (done.code, done.out) == (2, "")
    assert "existing Python file; got 'nothing.py'" in done.err
