"""What the parameters of somebody's function are for, by their names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

ROLES: dict[str, str] = {
    "x": r"x|xs|x_?(train|batch|i)?|inputs?(_data|_vector|s_list|s)?|data|features?|a_?0|images?|samples?|x_in",
    "y": r"y|ys|t|y_?(true|train|batch|i)|targets?(_data|s_list|_vector)?|labels?|truth|expected(_output)?s?|"
    r"desired(_output)?|d|true|one_?hot|outputs?_expected|expected_values?",
    "output": r"outputs?|out|o|y_?hat|y_?pred|pred|preds|predictions?|al|a_?out|a_?last|probs?|p|final_outputs?|"
    r"a_?[23]?|activation",
    "cache": r"cache|caches|memory|state|forward_cache|intermediates?|activations|as|zs",
    "eta": r"eta|lr|learning_?rate|alpha|rate|step_size|l_?rate|epsilon|gamma",
    "batch": r"batch|mini_?batch|minibatch|training_data|train_data|data_batch|samples_list",
    "weights": r"weights?|ws|w|w_list|weight_list|thetas?",
    "biases": r"bias|biases|bs|b|b_list|bias_list",
    "params": r"params|parameters|theta|model|net|network|p|weights_and_biases|layers",
    "epochs": r"epochs?|n_?epochs|num_?epochs|iterations?|n_?iter(ations)?|num_?iterations|steps|max_iter",
    "n": r"n|m|batch_?size|mini_?batch_?size|n_samples|num_samples",
    "sizes": r"sizes?|layers?|layer_?(sizes?|dims?|widths?)|dims?|architecture|structure|units|widths?|shape|"
    r"topology|neurons|nn_architecture|n_units|network_structure",
    "n_in": r"n_?in|n_?inputs?|inputs?_?(size|dim|nodes|units|layer|neurons|n)|n_?x|n_?features|inputs?|in_?(dim|features)|"
    r"d_?in|nin|num_?inputs?|inodes|i",
    "n_out": r"n_?out|n_?outputs?|outputs?_?(size|dim|nodes|units|layer|neurons|n)|n_?y|n_?classes|outputs?|"
    r"out_?(dim|features)|d_?out|nout|num_?(outputs?|classes)|onodes|k|classes",
    "n_hidden": r"n_?hid|n_?hidden|hiddens?_?(size|dim|nodes|units|layers?|neurons|n|sizes|dims)|n_?h|hidden|h|hnodes|"
    r"hidden_layer_sizes|num_?hidden",
    "verbose": r"verbose|print_.*|log.*|show.*|debug",
    "seed": r"seed|random_state",
}


def roles(names: list[str], allowed: tuple[str, ...]) -> dict[str, str]:
    """{parameter: role}, each parameter the first allowed role whose pattern it fits."""
    found: dict[str, str] = {}
    for name in names:
        numbered = re.fullmatch(r"_?(w|weights?|theta|b|bias|biases)_?(\d)", name.lower())
        if numbered and "weights" in allowed:
            letter = "b" if numbered[1].startswith("b") else "W"
            found[name] = f"{letter}{numbered[2]}"
            continue
        for role in allowed:
            if re.fullmatch(ROLES[role], name.lower().strip("_")) and role not in found.values():
                found[name] = role
                break
    return found


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters of a function, without ``self`` and without * and **."""
    try:
        found = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
    return {
        name: p
        for name, p in found.items()
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and name not in ("self", "cls")
    }


def required(function: Callable[..., Any]) -> list[str]:
    """Names of the parameters without default."""
    return [name for name, p in parameters(function).items() if p.default is p.empty]


def call(function: Callable[..., Any], values: Mapping[str, Any], assigned: Mapping[str, str]) -> Any:
    """Call with the value of each parameter's role; parameters with a default and no value are left out."""
    given = {name: values[role] for name, role in assigned.items() if role in values}
    positional_only = [n for n, p in parameters(function).items() if p.kind is p.POSITIONAL_ONLY]
    first = [given.pop(name) for name in positional_only if name in given]
    return function(*first, **given)
