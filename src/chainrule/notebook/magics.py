"""``%%diagnose`` runs a cell and diagnoses what it defines; ``%diagnose NAME`` what is defined already."""

from __future__ import annotations

from typing import Any

from IPython.core.error import UsageError
from IPython.core.getipython import get_ipython
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from chainrule.diagnosis import diagnosis
from chainrule.errors import ChainruleError, InputError, did_you_mean


def load(shell: Any) -> None:
    """Give an IPython shell the magics."""
    shell.register_magic_function(diagnose, magic_kind="line_cell", magic_name="diagnose")


@magic_arguments()
@argument("name", nargs="?", help="The function or class that is meant; if left out, it is searched for.")
@argument("--layers", metavar="WIDTHS", help="Widths such as 3-4-2, input first; by default 4-5-3.")
@argument("--hidden", metavar="NAME", help="Hidden activation: sigmoid, tanh, relu, …")
@argument(
    "--output",
    metavar="NAME",
    help="softmax, sigmoid, identity, or quadratic: sigmoid with the quadratic cost.",
)
@argument("--loss", metavar="NAME", help="cross-entropy, categorical, multi-label or quadratic.")
def diagnose(line: str, cell: str | None = None) -> diagnosis.Diagnosis | None:
    """Run the cell, and say which equation of the backpropagation in it is wrong.

    ``%%diagnose`` asks what the cell defines; ``%diagnose NAME`` what was defined before. The code is called
    here, in the notebook's process, without a time limit.
    """
    asked = parse_argstring(diagnose, line)
    shell: Any = get_ipython()
    options = {"hidden": asked.hidden, "output": asked.output, "loss": asked.loss}
    try:
        widths = _widths(asked.layers)
        if cell is None:
            return diagnosis.diagnose(_defined(shell.user_ns, asked.name), widths, **options)
        text = f"# %%diagnose {line}\n{cell}"  # so that lines count as the notebook shows them
        if not shell.run_cell(text).success:
            return None
        return diagnosis.diagnose_cell(
            shell.transform_cell(text), shell.user_ns, asked.name, widths, **options
        )
    except ChainruleError as error:
        raise UsageError(str(error)) from None


def _defined(names: dict[str, Any], name: str | None) -> Any:
    if name is None:
        raise InputError(
            "%diagnose needs the NAME of a function or class; got none. "
            "%%diagnose asks what its cell defines."
        )
    if name not in names:
        raise InputError(f"NAME must be defined in the notebook; got {name!r}.{did_you_mean(name, names)}")
    return names[name]


def _widths(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    parts = text.split("-")
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise InputError(f"widths must be whole numbers joined by dashes, like 3-4-2; got {text!r}.")
    return tuple(map(int, parts))
