"""``chainrule explain``: every number of one sample, forward and back, and the chain rule of a weight."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli.options import data_for, load_model, target_option
from chainrule.cli.output import echo, print_json, print_text, screen
from chainrule.errors import InputError
from chainrule.files.terminal import is_terminal

if TYPE_CHECKING:
    from chainrule.datasets import Dataset
    from chainrule.explain import Explanation, ParameterExplanation
    from chainrule.explain.blocks import Block
    from chainrule.network import Network

WIDTH = 100
"""Columns where the text does not go to a terminal."""
ENDINGS = {".txt": "text", ".md": "Markdown", ".html": "HTML"}


def read_places(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[int, ...], ...]:
    """Read places such as 2,7,12 (a weight) or 2,7 (a bias)."""
    letters = "L,j,k" if param.name == "weights" else "L,j"
    places = []
    for value in values:
        parts = [part.strip() for part in value.split(",")]
        if len(parts) != letters.count(",") + 1 or not all(part.isdecimal() for part in parts):
            example = "2,7,12" if param.name == "weights" else "2,7"
            raise click.BadParameter(f"must be whole numbers {letters}, like {example}; got {value!r}.")
        places.append(tuple(map(int, parts)))
    return tuple(places)


@click.command(
    short_help="Explain one sample: every number, forward and back.",
    context_settings={"show_default": True},
)
@click.argument("model", type=click.Path())
@click.argument("data", required=False)
@target_option
@click.option("--index", type=int, default=0, help="Which sample of the data, counted from 0.")
@click.option(
    "--weight",
    "weights",
    metavar="L,j,k",
    multiple=True,
    callback=read_places,
    help="Explain ∂J/∂W^L_jk too: layer L from 1, neurons j and k from 0, as in W[L][j, k].",
)
@click.option(
    "--bias", "biases", metavar="L,j", multiple=True, callback=read_places, help="Explain ∂J/∂b^L_j too."
)
@click.option("--learning-rate", type=float, default=0.5, help="Step size η of the step that --weight shows.")
@click.option(
    "--figure", type=click.Path(), metavar="FILE", help="Draw input, its gradient and outputs (PNG)."
)
@click.option(
    "-o", "--out", "output", type=click.Path(), metavar="FILE", help="Write to FILE: .txt, .md or .html."
)
@click.option("--json", "as_json", is_flag=True, help="Print every number as JSON.")
def explain(
    model: str,
    data: str | None,
    target: str | None,
    index: int,
    weights: tuple[tuple[int, int, int], ...],
    biases: tuple[tuple[int, int], ...],
    learning_rate: float,
    figure: str | None,
    output: str | None,
    as_json: bool,
) -> None:
    """Print every number of one sample on its way forward and back, each with its equation.

    MODEL is a model file or a run folder. DATA is a data set's name or a labelled file. It may be left
    out if the model was trained on a named data set; then the test set is used. For wide layers the
    largest terms are shown, with the sum of the others; --json prints all.
    """
    kind = _kind(output)
    network = load_model(model)
    dataset = data_for(network, data, target, measures=False)
    explanation = explanation_of(network, dataset, index)
    parameters = [
        *(explanation.weight(*place, learning_rate=learning_rate) for place in weights),
        *(explanation.bias(*place, learning_rate=learning_rate) for place in biases),
    ]
    if figure is not None:
        from chainrule import plots

        plots.save(explanation.plot(), figure)
        echo(f"figure written to {figure}", err=True)
    if output is not None:
        from chainrule.files.atomic import atomic_write

        atomic_write(output, _written(kind, explanation, parameters))
        echo(f"explanation written to {output}", err=True)
    if as_json:
        found = {**explanation.to_dict(), "parameters": [p.to_dict() for p in parameters]}
        print_json(found)
    elif output is None:
        show([*explanation.blocks(), *(block for p in parameters for block in p.blocks())])


def explanation_of(network: Network, dataset: Dataset, index: int) -> Explanation:
    """Explain one sample of a data set.

    Raises:
        InputError: there is no such sample.
    """
    n = len(dataset)
    if not 0 <= index < n:
        raise InputError(
            f"--index must be 0…{n - 1} for {dataset.name!r}, which has {n:,} samples here; got {index}. "
            "Samples are counted from 0."
        )
    part = f" ({dataset.part})" if dataset.part else ""
    name = f"Sample {index} of {dataset.name!r}{part}, counted from 0"
    return network.explain(dataset.X[index], dataset.y[index], sample=name)


def show(blocks: list[Block]) -> None:
    """Print to standard output: in colour and as wide as the terminal if it is one, otherwise plain."""
    import os

    from rich.text import Text

    from chainrule.explain.layout import lines, plain

    console = screen(soft_wrap=True)
    fitted = is_terminal(sys.stdout) or "COLUMNS" in os.environ
    width = console.width if fitted else WIDTH
    if console.color_system is None or console.no_color:
        print_text(plain(blocks, width) + "\n")
        return
    for line in lines(blocks, width, colour=True):
        console.print(Text.assemble(*line))


def _kind(output: str | None) -> str:
    from pathlib import Path

    ending = ".txt" if output is None else Path(output).suffix.lower()
    if ending not in ENDINGS:
        raise InputError(
            f"the file of an explanation must end in {', '.join(ENDINGS)}; got {output!r}. Rename it."
        )
    return ending


def _written(kind: str, explanation: Explanation, parameters: list[ParameterExplanation]) -> str:
    parts: list[Any] = [explanation, *parameters]
    if kind == ".md":
        return "\n".join(part.to_markdown() for part in parts)
    if kind == ".html":
        from chainrule.explain.markup import page

        blocks = [block for part in parts for block in part.blocks()]
        return page(explanation.sample, blocks)
    return "".join(part.to_text(WIDTH) + "\n" for part in parts)
