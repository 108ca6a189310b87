"""A `Network` as tensors and a description, and back. `chainrule.storage` keeps them in a file."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

import chainrule
from chainrule.datasets import Scaling
from chainrule.dataspec import DataSpec
from chainrule.equations.activations import ACTIVATIONS
from chainrule.errors import InputError, ModelFileError
from chainrule.network import Network
from chainrule.storage import Tensors, read_model, write_model


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write ``network`` to ``path``, wholly or not at all."""
    own = [phi.name for phi in network.hidden if ACTIVATIONS.get(phi.name) != phi]
    if own:
        raise InputError(
            f"a saved network must use the built-in activations, since no code is stored; got {own[0]!r}. "
            f"Use one of {', '.join(ACTIVATIONS)}."
        )
    tensors: Tensors = {}
    for L, layer in network.params.items():
        tensors[f"W{L}"], tensors[f"b{L}"] = layer
    about: dict[str, Any] = {
        "chainrule": chainrule.__version__,
        "layers": network.layers,
        "hidden": [phi.name for phi in network.hidden],
        "output": network.head.name,
        "initializer": network.initializer,
        "dtype": network.dtype.name,
        "seed": network.seed,
        "training": network.training,
    }
    if network.data is not None:
        scaling = network.data.scaling
        tensors["scaling.shift"] = np.asarray(scaling.shift)
        tensors["scaling.scale"] = np.asarray(scaling.scale)
        about["data"] = {k: v for k, v in network.data._asdict().items() if k != "scaling"}
    write_model(path, tensors, about)


def load(path: str | os.PathLike[str]) -> Network:
    """Read the network in the file at ``path``."""
    tensors, about = read_model(path)
    try:
        layers = [(tensors[f"W{L}"], tensors[f"b{L}"]) for L in range(1, len(about["layers"]))]
        network = Network.from_parameters(
            layers,
            hidden=about["hidden"],
            output=about["output"],
            initializer=about["initializer"],
            seed=about["seed"],
            dtype=about["dtype"],
        )
        network.training = about["training"]
        if "data" in about:
            network.data = _data_spec(about["data"], tensors)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{os.fspath(path)} must describe a network; its description does not fit: {error}. "
            "Save the model anew with this version of chainrule."
        ) from error
    return network


def _data_spec(about: dict[str, Any], tensors: Tensors) -> DataSpec:
    return DataSpec(
        name=about["name"],
        classes=tuple(about["classes"]),
        features=None if about["features"] is None else tuple(about["features"]),
        shape=None if about["shape"] is None else (about["shape"][0], about["shape"][1]),
        scaling=Scaling(tensors["scaling.shift"], tensors["scaling.scale"]),
        target=about["target"],
    )
