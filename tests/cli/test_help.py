"""Help lists every choice, and comes at once."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from chainrule import __version__, datasets
from chainrule.cli import COMMANDS
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.model.initializers import INITIALIZERS
from chainrule.training.schedules import SCHEDULES
from tests.cli.commandline import chainrule, environment


def test_all_commands(here):
    for arguments in (["--help"], ["-h"]):
        done = here(*arguments)
        assert done.code == 0
        for name, text in COMMANDS.items():
            assert name in done.out
            assert text in done.out


@pytest.mark.parametrize(
    "choices", [ACTIVATIONS, HEADS, INITIALIZERS, OPTIMIZERS, SCHEDULES, datasets.names()]
)
def test_train_lists_every_choice(here, choices):
    text = " ".join(here("train", "--help").out.split())
    assert ", ".join(choices) in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(here, command):
    done = here(command, "-h")
    assert done.code == 0
    assert done.out.startswith(f"Usage: chainrule {command} [OPTIONS]")
    assert max(map(len, done.out.splitlines())) <= 100
    assert not re.search(r"\\\w|[^\n\x20-\U0010ffff]", done.out), "an escape that is printed"
    assert here(command, "--help").out == done.out


def test_version(here):
    assert here("--version").out == f"chainrule, version {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)])
def test_help_needs_no_numpy(arguments):
    program = f"""
import sys
from chainrule.cli import main
sys.argv = ["chainrule", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert not end.code
heavy = {{"numpy", "rich", "sklearn", "matplotlib", "safetensors"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run(
        [sys.executable, "-W", "error", "-c", program], env=environment(), check=True, capture_output=True
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trian"], f"must be one of {', '.join(COMMANDS)}; got 'trian'. Did you mean 'train'?"),
        (["train", "--epoch", "3"], "--epochs"),
        (["train", "--epochs", "many"], "'many' is not a valid int"),
        (["train", "--layers", "3-x"], "whole numbers joined by dashes, like 784-30-10; got '3-x'"),
        (["train", "--dtype", "float16"], "'float32', 'float64'"),
        (["train", "a", "b"], "unexpected extra argument"),
        (["evaluate"], "Missing argument 'MODEL'"),
        (["predict", "model"], "Missing argument 'FILE'"),
    ],
)
def test_wrong_usage(here, tmp_path, arguments, said):
    done = here(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert re.search(r"-h(elp)?' for help", done.err)  # Click 8.1 names the short option
    assert not any(tmp_path.iterdir())


def test_module_and_command_are_the_same(tmp_path):
    assert chainrule("--version", cwd=tmp_path).out == f"chainrule, version {__version__}\n"
