"""Every check of the project, each in an environment of its own.

    nox                                         # all sessions; Pythons that are not installed are left out
    nox -s lint types                           # some of them
    nox -s tests-3.12 -- tests/equations        # what follows -- goes to pytest

``.ci/run`` does the same in one environment; tests/repository/test_checks.py compares the two.
"""

from __future__ import annotations

from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
OLDEST = PYTHONS[0]
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False


def install_locked(session: nox.Session) -> None:
    """Install what the README's test command installs."""
    session.install("-q", "-r", "requirements.lock")
    session.install("-q", "--no-deps", "--no-build-isolation", "-e", ".")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """All tests, with the locked versions."""
    install_locked(session)
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python=OLDEST)
def lowest(session: nox.Session) -> None:
    """All tests, with the oldest version of each dependency that pyproject.toml allows."""
    versions, limits = (f"{session.create_tmp()}/{name}.txt" for name in ("lowest", "limits"))
    Path(limits).write_text("pyparsing<3.3\n", encoding="utf-8")  # of which Matplotlib 3.9 would warn
    session.install("-q", "uv")
    session.run(
        "uv", "pip", "compile", "-q", "pyproject.toml", "--group", "test", "--resolution", "lowest-direct",
        "--python-version", OLDEST, "--constraints", limits, "-o", versions,
    )  # fmt: skip
    session.install("-q", "-r", versions)
    session.install("-q", "--no-deps", "-e", ".")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python=OLDEST)
def lint(session: nox.Session) -> None:
    """Style, form and spelling."""
    install_locked(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell")


@nox.session(python=OLDEST)
def types(session: nox.Session) -> None:
    """The types of src, benchmarks and fuzz."""
    install_locked(session)
    session.run("mypy")


@nox.session(python=OLDEST)
def docs(session: nox.Session) -> None:
    """The site; what is wrong on a page fails it."""
    install_locked(session)
    session.run("sphinx-build", "-q", "-W", "--keep-going", "-j", "auto", "docs", "site")


@nox.session(python=OLDEST)
def speed(session: nox.Session) -> None:
    """The benchmark of speed, small: it runs, and everybody's result is right."""
    install_locked(session)
    session.run("python", "-m", "benchmarks.speed", "--quick", "--data", "digits", "--peers", "sklearn,numpy")


@nox.session(python=OLDEST, default=False)
def coverage(session: nox.Session) -> None:
    """Which lines and branches the tests run, processes that they start included."""
    install_locked(session)
    session.install("-q", "coverage[toml]>=7.10")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine")
    session.run("coverage", "report", "--skip-covered")
