"""The README, `.ci/run`, `noxfile.py`, the hooks before a commit and CONTRIBUTING name the same checks."""

from __future__ import annotations

import re
import runpy
import shlex
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
README, CI, HOOKS, CONTRIBUTING = (
    (ROOT / name).read_text(encoding="utf-8")
    for name in ("README.md", ".ci/run", ".pre-commit-config.yaml", "CONTRIBUTING.md")
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BIN = ".venv/bin/"


class Session:
    """Stands in for nox's session: keeps what it is asked to run, as the shell would be told."""

    posargs = ()

    def __init__(self, folder):
        self.commands, self.folder = [], folder

    def run(self, *words):
        self.commands.append(shlex.join(words))

    def install(self, *words):
        self.run("pip", "install", *words)

    def create_tmp(self):
        return self.folder


@pytest.fixture
def sessions(monkeypatch, tmp_path):
    """{name: the commands of each session of noxfile.py}."""
    made = {}

    def session(**options):
        return lambda function: made.setdefault(function.__name__, function)

    options = SimpleNamespace(default_venv_backend=None, error_on_missing_interpreters=None)
    monkeypatch.setitem(
        sys.modules, "nox", SimpleNamespace(session=session, options=options, Session=Session)
    )
    runpy.run_path(str(ROOT / "noxfile.py"))
    return {name: commands_of(function, tmp_path) for name, function in made.items()}


def commands_of(function, folder):
    session = Session(folder)
    function(session)
    return session.commands


def in_venv(text):
    """The commands of a text that run a program of .venv, without its path."""
    steps = [step.strip() for line in text.splitlines() for step in line.split("&&")]
    return [step.removeprefix(BIN) for step in steps if step.startswith(BIN)]


def test_the_readme_runs_the_session_of_tests(sessions):
    (line,) = re.findall(r"^python3 -m venv .*pytest.*$", README, re.MULTILINE)
    assert in_venv(line) == sessions["tests"]


def test_ci_runs_the_sessions_of_lint_types_and_docs(sessions):
    install = sessions["tests"][:2]
    ran = [command for name in ("lint", "types", "docs") for command in sessions[name]]
    assert [command for command in ran if command not in install] == in_venv(CI)


def test_contributing_names_the_lint_and_the_types(sessions):
    install = sessions["tests"][:2]
    named = in_venv(CONTRIBUTING)
    for command in (*sessions["lint"], *sessions["types"]):
        assert command in (*named, *install)
    assert "`nox`" in CONTRIBUTING


def test_hooks_before_a_commit_are_the_lint_and_the_types(sessions):
    entries = re.findall(r"^ +entry: (.+)$", HOOKS, re.MULTILINE)
    programs = [entry.replace(" --fix", "").replace(" --force-exclude", "") for entry in entries]
    checks = (*sessions["lint"], *sessions["types"])
    expected = [check.removesuffix(" .").replace(" --check", "") for check in checks if "pip" not in check]
    assert sorted(programs[: len(expected)]) == sorted(expected)


def test_every_python_that_is_promised_is_tried():
    tried = re.search(
        r"^PYTHONS = (\[.*\])$", (ROOT / "noxfile.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert set(promised) <= set(re.findall(r"3\.\d+", tried[1]))
    assert PROJECT["project"]["requires-python"] == f">={promised[0]}"


def names_of(requirements):
    return {re.split(r"[>=<\[;]", requirement)[0] for requirement in requirements}


def test_the_lock_holds_the_groups_that_it_is_made_of():
    (made,) = re.findall(r"uv pip compile .*", CONTRIBUTING)
    groups = re.findall(r"--group (\w+)", made)
    assert groups == ["test", "dev", "docs"]
    locked = set(re.findall(r"^([\w-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    asked = PROJECT["project"]["dependencies"] + [
        one for name in groups for one in PROJECT["dependency-groups"][name]
    ]
    assert names_of(asked) <= locked


def test_extras_are_for_users_and_groups_for_developers():
    extras, groups = PROJECT["project"]["optional-dependencies"], PROJECT["dependency-groups"]
    assert set(groups) == {"test", "dev", "docs", "bench", "features", "conventions", "fuzz"}
    assert not set(extras) & set(groups)


TEXTS = [
    path for ending in ("md", "py") for path in ROOT.glob(f"[!.]*/**/*.{ending}") if ".venv" not in path.parts
]


def test_what_is_said_to_be_an_extra_is_one():
    extras = PROJECT["project"]["optional-dependencies"]
    said = r"chainrule\[(\w+)\]|--extra (\w+)|extra [`'](\w+)[`']|\.\[(\w+)\]"
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *TEXTS):
        for found in re.findall(said, path.read_text(encoding="utf-8", errors="replace")):
            name = "".join(found)
            assert name in extras, (path.name, name)
