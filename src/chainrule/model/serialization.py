"""A `Network` as tensors and a description, and back. `chainrule.files.tensors` keeps them in a file."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.about import VERSION
from chainrule.datasets import Preprocessing, Scaling
from chainrule.equations.activations import ACTIVATIONS, Activation
from chainrule.equations.heads import HEADS, Head, PosWeighted
from chainrule.errors import InputError, ModelFileError, look_up
from chainrule.files.schema import FLAG, TEXT, check, either, items, number, one_of, or_none, record, whole
from chainrule.files.tensors import Tensors, read_model, write_model
from chainrule.model.dataspec import LABEL_TYPES, DataSpec
from chainrule.model.feedforward import FeedForward, Kind
from chainrule.model.validate import Floats, as_dtype, as_widths
from chainrule.model.weights import as_pos_weighted
from chainrule.types import ByLayer, Layer

_FORMULA = record({"formula": TEXT, "name": TEXT})
MODEL = record(
    {
        "layers": items(whole(1), 2),
        "hidden": items(either(TEXT, _FORMULA)),
        "output": either(
            TEXT,
            record({"pos_weight": either(number(0), items(number(0), 1))}),
            record({"link": TEXT, "loss": TEXT, "name": TEXT, "multi_label": FLAG}),
        ),
        "initializer": TEXT,
        "dtype": one_of("float64", "float32"),
        "seed": or_none(whole(0)),
        "training": items(record({"epochs_done": whole(0)})),
    },
    {
        "data": record(
            {
                "name": TEXT,
                "classes": items(TEXT, 2),
                "features": or_none(items(TEXT)),
                "shape": or_none(items(whole(1), 2, 2)),
                "target": or_none(TEXT),
            },
            {
                "label_type": or_none(TEXT),
                "threshold": or_none(items(number(0, 1), 1)),
                "preprocessing": or_none(items(record({"name": TEXT}), 1)),
            },
        )
    },
)
"""What the description in a model file must hold."""


def save(network: FeedForward, path: str | os.PathLike[str]) -> None:
    """Write ``network`` to ``path``, wholly or not at all.

    Raises:
        InputError: a parameter is not finite.
    """
    tensors: Tensors = {}
    for L, layer in network.params.items():
        tensors[f"W{L}"], tensors[f"b{L}"] = layer
    for name, tensor in tensors.items():
        _check_finite(name, tensor, ". Train again with a lower learning rate, or set the weights anew.")
    about: dict[str, Any] = {
        "chainrule": VERSION,
        "layers": network.layers,
        "hidden": [_activation_as_text(phi) for phi in network.hidden],
        "output": _head_as_text(network.head),
        "initializer": network.initializer,
        "dtype": network.dtype.name,
        "seed": network.seed,
        "training": network.training,
    }
    if network.data is not None:
        scaling = network.data.scaling
        tensors["scaling.shift"] = np.asarray(scaling.shift)
        tensors["scaling.scale"] = np.asarray(scaling.scale)
        about["data"] = {
            k: v for k, v in network.data._asdict().items() if k not in ("scaling", "preprocessing")
        }
        for name in ("label_type", "threshold"):
            if about["data"][name] is None:
                del about["data"][name]
        if network.data.preprocessing is not None:
            about["data"]["preprocessing"] = network.data.preprocessing.as_plain()
    write_model(path, tensors, about)


def load(kind: type[Kind], path: str | os.PathLike[str]) -> Kind:
    """Read the network in the file at ``path``, as one of that class."""
    tensors, about = read_model(path)
    try:
        check("its description", about, MODEL)
        network = _network(kind, tensors, about)
        if "data" in about:
            network.data = _data_spec(about["data"], tensors, network.layers[0], network.layers[-1])
        network.training = list(about["training"])
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{os.fspath(path)} must describe a network; its description does not fit: {error}. "
            "Save the model again with this version of chainrule."
        ) from error
    return network


def _network(kind: type[Kind], tensors: Tensors, about: dict[str, Any]) -> Kind:
    layers = _layers(tensors, about)
    network = kind(
        about["layers"],
        hidden=[_activation_of(text) for text in about["hidden"]],
        output=_head_of(about["output"], about["dtype"]),
        initializer=about["initializer"],
        seed=about["seed"],
        dtype=about["dtype"],
    )
    network.params = layers
    return network


def _layers(tensors: Tensors, about: dict[str, Any]) -> ByLayer[Layer]:
    """The parameters, compared with the description before a network is made: it may claim any size."""
    widths, dtype = as_widths(about["layers"]), as_dtype(about["dtype"])
    layers = [
        Layer(_tensor(tensors, f"W{L}", (n, n_prev), dtype), _tensor(tensors, f"b{L}", (n,), dtype))
        for L, (n_prev, n) in enumerate(pairwise(widths), 1)
    ]
    extra = 2 * ("data" in about)
    if len(tensors) != 2 * len(layers) + extra:
        raise InputError(f"the tensors must be those of the layers {list(widths)}; got {sorted(tensors)}")
    return ByLayer(layers)


def _activation_as_text(phi: Activation) -> str | dict[str, str]:
    """A built-in activation by its name, one of the user's by its formula."""
    if ACTIVATIONS.get(phi.name) == phi:
        return phi.name
    formula = getattr(phi, "formula", None)
    if formula is None:
        raise InputError(
            f"a saved network must use built-in activations or formulas, since no code is stored; got "
            f"{phi.name!r}. Use one of {', '.join(ACTIVATIONS)}, or Activation.from_formula."
        )
    return {"formula": formula, "name": phi.name}


def _activation_of(text: str | dict[str, str]) -> Activation:
    if isinstance(text, str):
        return look_up("hidden", text, ACTIVATIONS)
    from chainrule.formulas.activation import restore  # for own formulas alone

    return restore(text["formula"], text["name"])


def _head_as_text(head: Head) -> str | dict[str, Any]:
    """A built-in head by its name, one of the user's by its formulas."""
    if HEADS.get(head.name) == head:
        return head.name
    if isinstance(head, PosWeighted):
        return {"pos_weight": np.asarray(head.pos_weight, np.float64).tolist()}
    formulas = getattr(head, "formulas", None)
    if formulas is None:
        raise InputError(
            f"a saved network must use a built-in output head or formulas, since no code is stored; got "
            f"{head.name!r}. Use one of {', '.join(HEADS)}, or Head.from_formulas."
        )
    link, loss = formulas
    return {"link": link, "loss": loss, "name": head.name, "multi_label": head.multi_label}


def _head_of(text: str | dict[str, Any], dtype: str) -> str | Head:
    if isinstance(text, str):
        return text
    if "pos_weight" in text:
        return as_pos_weighted(text["pos_weight"], dtype)
    from chainrule.formulas.head import restore  # for own formulas alone

    return restore(text["link"], text["loss"], text["name"], text["multi_label"])


def _tensor(tensors: Tensors, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Floats:
    tensor = tensors[name]
    if tensor.shape != shape or tensor.dtype != dtype:
        raise InputError(
            f"{name} must be {dtype} of shape {shape}; it is {tensor.dtype} of shape {tensor.shape}"
        )
    _check_finite(name, tensor)
    return tensor


def _check_finite(name: str, tensor: Any, remedy: str = "") -> None:
    if not np.isfinite(tensor).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(tensor))[0])
        where = f"{name}[{', '.join(map(str, place))}]"
        raise InputError(f"{name} must be finite; {where} is {tensor[place]}{remedy}")


def _data_spec(about: dict[str, Any], tensors: Tensors, n_inputs: int, n_outputs: int) -> DataSpec:
    classes, shape = tuple(about["classes"]), about["shape"]
    fits = len(classes) == n_outputs or (len(classes), n_outputs) == (2, 1)
    if not (fits and isinstance(about["classes"], list)):
        raise InputError(f"{n_outputs} outputs must have as many class names; got {classes}")
    spec = DataSpec(
        name=about["name"],
        classes=classes,
        features=None if about["features"] is None else tuple(about["features"]),
        shape=None if shape is None else (shape[0], shape[1]),
        scaling=Scaling(tensors["scaling.shift"], tensors["scaling.scale"]),
        target=about["target"],
        preprocessing=_preprocessing(about, n_inputs),
        label_type=_label_type(about.get("label_type")),
        threshold=_threshold(about.get("threshold"), n_outputs),
    )
    _ = spec.labels  # names that are none of that type are found now
    return spec


def _threshold(values: list[float] | None, n_outputs: int) -> tuple[float, ...] | None:
    if values is not None and len(values) != n_outputs:
        raise InputError(f"threshold must be one number for each of {n_outputs} outputs; got {values}")
    return None if values is None else tuple(map(float, values))


def _label_type(name: Any) -> str | None:
    return None if name is None else look_up("label_type", name, {known: known for known in LABEL_TYPES})


def _preprocessing(about: dict[str, Any], n_inputs: int) -> Preprocessing | None:
    if about.get("preprocessing") is None:
        return None
    found = Preprocessing.from_plain(about["preprocessing"])
    if len(found.features) != n_inputs:
        raise InputError(f"the preprocessing must give {n_inputs} inputs; it gives {len(found.features)}")
    return found
