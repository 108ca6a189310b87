"""What the asking process found, as a file of arrays and text, with no code in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.diagnosis.asking.layouts import Layout
from chainrule.diagnosis.asking.observe import Answer, Findings
from chainrule.diagnosis.asking.observed import Observed
from chainrule.diagnosis.asking.other_code import Fact
from chainrule.diagnosis.asking.slopes import Slope
from chainrule.diagnosis.asking.source import Failure
from chainrule.diagnosis.asking.tracing import Step
from chainrule.diagnosis.catalogue.backprop import Trial
from chainrule.types import ByLayer, Layer

TUPLES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (Findings, Answer, Observed, Trial, Layout, Failure, Layer, Step, Fact, Slope)
}
ARRAY, LAYERS, TUPLE, FIELDS = "array", "layers", "tuple", "fields"


def pack(findings: Findings, path: Path) -> None:
    """Write it to ``path``, an npz archive, wholly or not at all."""
    arrays: list[Any] = []
    tree = _packed(findings, arrays)
    named = {f"array{k}": array for k, array in enumerate(arrays)}
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, tree=np.array(json.dumps(tree)), **named)
    part.replace(path)


def unpack(path: Path) -> Findings:
    """Read what `pack` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        found: Findings = _unpacked(json.loads(str(archive["tree"])), archive)
    return found


def _packed(value: Any, arrays: list[Any]) -> Any:
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {ARRAY: len(arrays) - 1}
    if isinstance(value, ByLayer):
        return {LAYERS: [_packed(item, arrays) for item in value]}
    if type(value).__name__ in TUPLES:
        items = {field: _packed(getattr(value, field), arrays) for field in value._fields}
        return {TUPLE: type(value).__name__, FIELDS: items}
    if isinstance(value, tuple | list):
        return [_packed(item, arrays) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _unpacked(value: Any, archive: Any) -> Any:
    if isinstance(value, list):
        return tuple(_unpacked(item, archive) for item in value)
    if not isinstance(value, dict):
        return value
    if ARRAY in value:
        return archive[f"array{value[ARRAY]}"]
    if LAYERS in value:
        return ByLayer(_unpacked(item, archive) for item in value[LAYERS])
    fields = {field: _unpacked(item, archive) for field, item in value[FIELDS].items()}
    return TUPLES[value[TUPLE]](**fields)
