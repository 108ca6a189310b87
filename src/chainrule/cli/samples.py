"""The network and the sample that a derivation is about, from the options of a user."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule.cli.options import read_hidden
from chainrule.errors import DataError, InputError, did_you_mean, look_up

if TYPE_CHECKING:
    from chainrule.network import Network

EXAMPLES: dict[str, dict[str, Any]] = {
    "mazur-2015": {
        "W": [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]],
        "b": [[0.35, 0.35], [0.60, 0.60]],
        "x": [0.05, 0.10],
        "y": [0.01, 0.99],
        "hidden": "sigmoid",
        "output": "quadratic",
    }
}
"""Published examples, with where they come from.

mazur-2015: M. Mazur, "A Step by Step Backpropagation Example", 2015. There the biases stay as they are.
"""


class Chosen(NamedTuple):
    """A network, perhaps a sample or mini-batch with its targets, and how to print."""

    network: Network
    x: Any = None
    y: Any = None
    learning_rate: float = 0.5
    digits: int = 6


def choose(
    layers: Sequence[int] | None,
    hidden: str | None,
    output: str | None,
    model: Network | None,
    example: str | None,
    weights: str | None,
    seed: int,
) -> Chosen:
    """The network of a model, of an example, of a file of weights, or a random one of these layers.

    Raises:
        InputError: none of them, several of them, or widths that do not fit.
        DataError: the file of weights cannot be read.
    """
    sources = {"--model": model, "--example": example, "--weights": weights}
    given = [name for name, source in sources.items() if source is not None]
    if len(given) > 1:
        raise InputError(f"parameters must come from one place; got {' and '.join(given)}. Leave out one.")
    if model is not None:
        _refuse({"--hidden": hidden, "--output": output}, "a model has its own")
        return Chosen(_fitting(model, layers, "the model"))
    if example is not None:
        facts = look_up("example", example, EXAMPLES)
        return _from_facts(facts, layers, hidden, output, seed, f"the example {example}")._replace(digits=9)
    if weights is not None:
        return _from_facts(read_weights(weights), layers, hidden, output, seed, weights)
    if layers is None:
        raise InputError(
            "LAYERS must be given, unless --model, --example or --weights has them; got none. "
            "Write chainrule derive 2-3-2."
        )
    return Chosen(_random(layers, hidden, output, seed))


def _refuse(options: dict[str, str | None], why: str) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise InputError(
            f"{' and '.join(given)} must be left out, for {why}; got {options[given[0]]!r}. Leave it out."
        )


def _random(layers: Sequence[int], hidden: str | None, output: str | None, seed: int) -> Network:
    from chainrule.network import Network

    return Network(
        list(layers), hidden=_activations(hidden, len(layers) - 2), output=output or "softmax", seed=seed
    )


def _activations(hidden: str | None, count: int) -> str | list[str]:
    names = read_hidden(hidden or "sigmoid")
    return names[0] if len(names) == 1 else names


def _fitting(network: Network, layers: Sequence[int] | None, of: str) -> Network:
    if layers is not None and tuple(layers) != tuple(network.layers):
        own = "-".join(map(str, network.layers))
        raise InputError(
            f"LAYERS must be those of {of}, {own}, or be left out; got {'-'.join(map(str, layers))}. "
            "Leave it out."
        )
    return network


def read_weights(path: str) -> dict[str, Any]:
    """Parameters from a JSON file with "W" and "b", and optionally "x", "y", "hidden", "output".

    Raises:
        DataError: there is no such file, it is no JSON, or it lacks W or b.
    """
    try:
        facts = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} must be a JSON file; got {error}. Check the path and the commas.") from error
    known = {"W", "b", "x", "y", "hidden", "output"}
    if not isinstance(facts, dict) or not {"W", "b"} <= facts.keys():
        raise DataError(
            f'{path} must hold {{"W": [W1, W2, …], "b": [b1, b2, …]}}; W or b is missing. Add it.'
        )
    for name in facts.keys() - known:
        near = did_you_mean(name, known)
        raise DataError(f"{path} must hold nothing but {', '.join(sorted(known))}; got {name!r}.{near}")
    return facts


def _from_facts(
    facts: dict[str, Any],
    layers: Sequence[int] | None,
    hidden: str | None,
    output: str | None,
    seed: int,
    of: str,
) -> Chosen:
    from chainrule.network import Network

    W, b = facts["W"], facts["b"]
    if not isinstance(W, list) or not isinstance(b, list) or len(W) != len(b):
        raise InputError(
            f"{of} must have as many W as b, one of each for every layer. Write a list for each."
        )
    named = facts.get("hidden", "sigmoid") if hidden is None else _activations(hidden, len(W) - 1)
    network = Network.from_parameters(
        zip(W, b, strict=True), hidden=named, output=output or facts.get("output", "softmax"), seed=seed
    )
    return Chosen(_fitting(network, layers, of), facts.get("x"), facts.get("y"))


def from_values(chosen: Chosen, samples: Sequence[str], targets: Sequence[str]) -> Chosen:
    """Samples and targets as numbers joined by commas.

    Raises:
        InputError: not numbers, the wrong count, or as many targets as samples are missing.
    """
    if len(samples) != len(targets):
        raise InputError(
            f"--sample and --target must come in pairs; got {len(samples)} of one and {len(targets)} of the "
            "other. Give each sample its target, such as --sample 0.05,0.10 --target 0.01,0.99."
        )
    n_inputs, n_outputs = chosen.network.layers[0], chosen.network.layers[-1]
    x = [_floats("--sample", text, n_inputs) for text in samples]
    y = [_target(text, n_outputs) for text in targets]
    return chosen._replace(x=np.array(x), y=np.array(y))


def _floats(option: str, text: str, count: int) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(
            f"{option} must be numbers joined by commas; got {text!r}. Write 0.05,0.10, say."
        ) from None
    if len(found) != count:
        raise InputError(
            f"{option} must have {count} numbers for this network; got {len(found)} in {text!r}."
        )
    return found


def _target(text: str, count: int) -> list[float]:
    """A row of outputs, or the number of a class as a row of 0 and a 1."""
    if "," in text or count == 1:
        return _floats("--target", text, count)
    if not text.strip().isdecimal() or int(text) >= count:
        raise InputError(
            f"--target must be {count} numbers joined by commas, or the number of a class from 0 to "
            f"{count - 1}; got {text!r}."
        )
    return [float(place == int(text)) for place in range(count)]


def from_data(chosen: Chosen, name: str, samples: Sequence[str], targets: Sequence[str]) -> Chosen:
    """Rows of the test part of a data set; the first row where none is named.

    Raises:
        InputError: a row that is not there, or data of another width than the network.
        DataError: no such data.
    """
    if targets:
        raise InputError("--target must be left out with --data, which has its own; got one. Leave it out.")
    dataset = _dataset(chosen.network, name)
    rows = [_row(part, len(dataset.X)) for text in samples or ("0",) for part in text.split(",")]
    width, outputs = dataset.X.shape[1], len(dataset.classes)
    outputs = 1 if outputs == 2 and chosen.network.two_classes else outputs
    if width != chosen.network.layers[0] or outputs != chosen.network.layers[-1]:
        raise InputError(
            f"the network must have {width} inputs and {outputs} outputs for {name}; it has "
            f"{chosen.network.layers[0]} and {chosen.network.layers[-1]}. Change LAYERS."
        )
    return chosen._replace(x=dataset.X[rows].astype(float), y=dataset.y[rows])


def _dataset(network: Network, name: str) -> Any:
    from chainrule import datasets

    if name in datasets.names():
        return datasets.load(name)[1]
    if network.data is None:
        return datasets.load(name)[1]
    spec = network.data
    return datasets.read(
        name,
        target=spec.target,
        features=spec.features,
        classes=spec.classes,
        scaling=spec.scaling,
        preprocessing=spec.preprocessing,
        part="test",
    )


def _row(text: str, count: int) -> int:
    if not text.strip().isdecimal() or int(text) >= count:
        raise InputError(f"--sample must be row numbers from 0 to {count - 1} with --data; got {text!r}.")
    return int(text)


def at_random(chosen: Chosen, seed: int) -> Chosen:
    """A random sample and a random target."""
    rng = np.random.default_rng(seed)
    n = chosen.network.layers[-1]
    x = np.round(rng.uniform(-1, 1, (1, chosen.network.layers[0])), 2)
    y = np.eye(n)[rng.integers(n, size=1)] if chosen.network.head.distribution else rng.integers(0, 2, (1, n))
    return chosen._replace(x=x, y=y.astype(float))
