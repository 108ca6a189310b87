"""``chainrule derive``: backpropagation derived for one network, with numbers if asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chainrule.cli.options import load_model
from chainrule.cli.output import echo, print_text
from chainrule.cli.prove import read_widths
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS
from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.cli.samples import Chosen
    from chainrule.network import Network

ENDINGS = {
    ".md": "markdown",
    ".tex": "latex",
    ".html": "html",
    ".htm": "html",
    ".txt": "text",
    ".py": "python",
}


@click.command(short_help="Write out backpropagation for one network, every step verified.")
@click.argument("layers", callback=read_widths, required=False, metavar="[LAYERS]")
@click.option(
    "--hidden",
    metavar="NAME,…",
    help=f"One activation, or one for each layer: {', '.join(ACTIVATIONS)}, or a formula in z. "
    "[default: sigmoid]",
)
@click.option("--output", metavar="NAME", help=f"Output head: {', '.join(HEADS)}. [default: softmax]")
@click.option(
    "--model", type=click.Path(), help="Take layers, activations and numbers from a model file or run folder."
)
@click.option(
    "--example", metavar="NAME", help="Take a published example with its numbers: mazur-2015 (2-2-2)."
)
@click.option(
    "--weights",
    type=click.Path(),
    help='Take parameters from a JSON file: {"W": […], "b": […]}, optionally with "x" and "y".',
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Seed for parameters and samples that are not given.",
)
@click.option(
    "--numbers",
    is_flag=True,
    help="Add one training step in numbers, on a random sample unless one is given.",
)
@click.option(
    "--sample",
    "samples",
    multiple=True,
    metavar="X,X,…",
    help="The sample; several make a mini-batch. With --data: row numbers from 0.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="Y,Y,…",
    help="The target of each sample: its outputs, or the number of its class.",
)
@click.option("--data", help="A data set's name or a labelled file to take samples from.")
@click.option("--learning-rate", type=float, help="η of the step in numbers. [default: 0.5]")
@click.option("--digits", type=int, help="Decimals of printed numbers. [default: 6]")
@click.option(
    "--layout",
    type=click.Choice(["columns", "rows"]),
    default="columns",
    show_default=True,
    help="Samples as columns, as in texts, or as rows, as in the code.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "latex", "html", "python"]),
    help="python is a program that trains this network, over NumPy alone. [default: by the ending of FILE, "
    "else text]",
)
@click.option("-o", "--out", "file", type=click.Path(), help="Where to write. [default: standard output]")
def derive(
    layers: tuple[int, ...] | None,
    hidden: str | None,
    output: str | None,
    model: str | None,
    example: str | None,
    weights: str | None,
    seed: int,
    numbers: bool,
    samples: tuple[str, ...],
    targets: tuple[str, ...],
    data: str | None,
    learning_rate: float | None,
    digits: int | None,
    layout: str,
    form: str | None,
    file: str | None,
) -> None:
    """Derive every equation of backpropagation for one network, such as 2-3-2, step by step.

    Mathematics is printed from the functions that train, and every step is verified, symbolically and in
    numbers, before it is printed. With a sample, a target, data or an example, numbers are added.

    \b
      chainrule derive 2-3-2 --hidden tanh
      chainrule derive --example mazur-2015
      chainrule derive 2-2-2 --output quadratic --sample 0.05,0.10 --target 0.01,0.99
      chainrule derive --model digits.safetensors --data digits --sample 7 -o digits.html
      chainrule derive 784-30-10 --format python -o network.py
    """  # noqa: D301
    from chainrule.cli.samples import choose
    from chainrule.derivation.network import derive as derived

    form = format_of(form, file)
    load = None if model is None else load_model(model)
    chosen = choose(layers, hidden, output, load, example, weights, seed)
    if form == "python":
        step = {"--sample": samples, "--target": targets, "--data": data, "--numbers": numbers}
        refuse_for_python({**step, "--learning-rate": learning_rate, "--digits": digits})
        deliver_program(chosen.network, learnt=any((model, example, weights)), file=file)
        return
    chosen = with_samples(chosen, samples, targets, data, numbers, seed)
    made = derived(
        chosen.network,
        chosen.x,
        chosen.y,
        learning_rate=learning_rate if learning_rate is not None else chosen.learning_rate,
        layout=layout,
        digits=digits if digits is not None else chosen.digits,
    )
    deliver(made, form, file)


def with_samples(
    chosen: Chosen,
    samples: tuple[str, ...],
    targets: tuple[str, ...],
    data: str | None,
    numbers: bool,
    seed: int,
) -> Chosen:
    """What was chosen, with the samples of the command line, of data, or at random."""
    from chainrule.cli.samples import at_random, from_data, from_values

    if data is not None:
        return from_data(chosen, data, samples, targets)
    if samples or targets:
        return from_values(chosen, samples, targets)
    return at_random(chosen, seed) if numbers and chosen.x is None else chosen


def format_of(form: str | None, file: str | None) -> str:
    """The format that was asked for, or that the ending of the file says.

    Raises:
        InputError: an ending that says nothing.
    """
    import os

    ending = "" if file is None else os.path.splitext(file)[1].lower()
    if form is None and file is not None and ending not in ENDINGS:
        raise InputError(
            f"FILE must end in {', '.join(ENDINGS)}, or --format must be given; got {file!r}. "
            "Write -o derivation.html, say."
        )
    return form or ENDINGS.get(ending, "text")


def refuse_for_python(options: dict[str, Any]) -> None:
    """Refuse what a program has no place for."""
    given = [name for name, value in options.items() if value not in (None, False, ())]
    if given:
        raise InputError(
            f"{' and '.join(given)} must be left out with --format python, which writes a program and no "
            "step in numbers; got it. Leave it out, or take another format."
        )


def deliver_program(network: Network, learnt: bool, file: str | None) -> None:
    """Write the program that trains a network to a file, or print it."""
    from chainrule.exchange.training_file import training_file
    from chainrule.files.atomic import atomic_write

    text = training_file(network, learnt)
    if file is None:
        print_text(text)
        return
    atomic_write(file, text)
    echo(f"{network!r}: written to {file}, a class that trains", err=True)


def deliver(made: Any, form: str, file: str | None) -> None:
    """Write the document to a file, or print it."""
    import os

    from chainrule.files.atomic import atomic_write

    if file is None:
        width = os.get_terminal_size().columns if os.isatty(1) else 100
        text = made.to_text(max(60, min(width, 120))) if form == "text" else made.in_format(form)
        print_text(text)
        return
    atomic_write(file, made.in_format(form))
    echo(f"{made.document.title}: written to {file}", made.checked, err=True)
