"""What the pickle of a network holds: names, numbers and arrays, so that later versions can read it.

Of our classes only `Network` is named in it. An activation or a head of the user's own pickles itself.
"""

from __future__ import annotations

from typing import Any

from chainrule.datasets import Preprocessing, Scaling
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS
from chainrule.errors import ModelFileError, look_up
from chainrule.model.dataspec import DataSpec
from chainrule.types import ByLayer, Layer

FORMAT = 1
"""Raised when the plain form changes. A later version reads all earlier formats."""


def plain(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a network in that form."""
    head, data = attributes["head"], attributes["data"]
    return {
        **attributes,
        "pickle": FORMAT,
        "head": head.name if HEADS.get(head.name) == head else head,
        "hidden": [phi.name if ACTIVATIONS.get(phi.name) == phi else phi for phi in attributes["hidden"]],
        "params": [tuple(layer) for layer in attributes["params"]],
        "data": None if data is None else _plain_data(data),
    }


def restored(state: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a network, from what `plain` made of them.

    Raises:
        ModelFileError: a later version made it.
    """
    made_by = state.get("pickle", 0)
    if made_by > FORMAT:
        raise ModelFileError(
            f"a pickled network must be of format {FORMAT} or older; it is of format {made_by}. "
            "Upgrade chainrule to read it."
        )
    if not made_by:
        return state
    head, data = state["head"], state["data"]
    return {
        **{name: value for name, value in state.items() if name != "pickle"},
        "head": look_up("output", head, HEADS) if isinstance(head, str) else head,
        "hidden": ByLayer(
            look_up("hidden", phi, ACTIVATIONS) if isinstance(phi, str) else phi for phi in state["hidden"]
        ),
        "params": ByLayer(Layer(W, b) for W, b in state["params"]),
        "data": None if data is None else _data_of(data),
    }


def _plain_data(data: DataSpec) -> dict[str, Any]:
    preprocessing = data.preprocessing
    return {
        **data._asdict(),
        "scaling": (data.scaling.shift, data.scaling.scale),
        "preprocessing": None if preprocessing is None else preprocessing.as_plain(),
    }


def _data_of(data: dict[str, Any]) -> DataSpec:
    preprocessing = data["preprocessing"]
    return DataSpec(
        **{
            **data,
            "scaling": Scaling(*data["scaling"]),
            "preprocessing": None if preprocessing is None else Preprocessing.from_plain(preprocessing),
        }
    )
