"""What a network is trained on: samples, a part of them, or a stream's blocks; and what is held out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from chainrule.checks import as_real
from chainrule.datasets import Dataset
from chainrule.datasets.streams.parquet_stream import Stream
from chainrule.engines.base import Examples
from chainrule.errors import InputError
from chainrule.model.feedforward import FeedForward, known_classes
from chainrule.model.validate import as_pair, as_samples, as_targets, as_weights, check_range
from chainrule.model.weights import as_class_weights, by_name, relative
from chainrule.training.streams import Block, Blocks


class Whole(NamedTuple):
    """Samples that are all at hand: one block. Only ``rows`` are trained on, which are not copied."""

    examples: Examples
    rows: NDArray[np.intp]

    @classmethod
    def of(cls, examples: Examples) -> Whole:
        """All rows of some samples."""
        return cls(examples, np.arange(len(examples.X)))

    @property
    def n(self) -> int:
        """How many samples are trained on."""
        return len(self.rows)

    @property
    def first(self) -> Examples:
        """What training begins on."""
        return self.examples

    def blocks(self, random: Generator, size: int) -> Iterator[Block]:
        """The one block."""
        yield self.examples, self.rows

    def checksum(self) -> str:
        """What is another for other samples."""
        part = len(self.rows) < len(self.examples.X)
        return checksum(*self.examples, *((self.rows,) if part else ()))


class TrainingData(NamedTuple):
    """What is trained on, and what is held out."""

    source: Whole | Blocks
    held_out: Examples | None = None

    @property
    def n(self) -> int:
        """How many samples are trained on."""
        return self.source.n


class Weights(NamedTuple):
    """What `Network.fit` was told of weights."""

    of_samples: Any = None
    of_classes: Any = None


def training_data(
    network: FeedForward, data: Any, y: Any, weights: Weights, validation: Any, seed: int
) -> TrainingData:
    """Check what `Network.fit` was given.

    Raises:
        InputError: samples, targets or weights that cannot be right, or too few for the share held out.
    """
    if isinstance(data, Stream) and not isinstance(data, Dataset):
        return TrainingData(_blocks(network, data, y, weights), _apart(network, validation))
    sample_weight = data.weight if isinstance(data, Dataset) and weights[0] is None else weights[0]
    examples = as_examples(network, data, y, sample_weight)
    if weights.of_classes is not None:
        names = data.classes if isinstance(data, Dataset) else _class_names(network)
        of_classes = _class_weights(network, weights.of_classes, names, examples.Y)
        examples = _weighted(examples, of_classes)
    else:
        of_classes = None
    if validation is None:
        return TrainingData(Whole.of(examples))
    if not isinstance(validation, Real):
        return TrainingData(Whole.of(examples), _validation(network, validation, of_classes))
    return _hold_out(examples, validation, seed)


def _class_names(network: FeedForward) -> tuple[str, ...]:
    """The names of the classes; "0" and "1" are the two of one output without names."""
    return network.classes if len(network.classes) > 1 else ("0", "1")


def _class_weights(
    network: FeedForward, class_weight: Any, names: Sequence[str], Y: NDArray[Any]
) -> NDArray[np.float64]:
    """What each class counts. Shapes: Y (N, n_H) → (K,)."""
    if network.head.multi_label and network.layers[-1] > 1:
        raise InputError(
            f"class_weight must be left out where a sample has several labels; got {class_weight!r}. "
            "Use pos_weight: how much more a label counts where it is on."
        )
    if ((Y != 0) & (Y != 1)).any():
        raise InputError(
            "class_weight must be left out where labels are shares of classes, which are weighted as they "
            f"stand; got {class_weight!r}. Pass sample_weight."
        )
    counts = np.bincount(_numbers(Y), minlength=len(names))
    return as_class_weights(by_name(class_weight), names, counts)


def _numbers(Y: NDArray[Any]) -> NDArray[np.intp]:
    """Class numbers of rows; one output stands for the second of two classes. Shapes: (N, n_H) → (N,)."""
    return Y[:, 0].astype(np.intp) if Y.shape[1] == 1 else Y.argmax(axis=1)


def _weighted(examples: Examples, of_classes: NDArray[np.float64] | None) -> Examples:
    """The same samples, each counting as much more as its class does."""
    if of_classes is None:
        return examples
    weight = examples.weight * of_classes[_numbers(examples.Y)]  # in float64
    if not weight.any():
        raise InputError(
            "sample weights must not all be 0; they are. Leave out sample_weight, or class_weight."
        )
    return examples._replace(weight=relative(weight).astype(examples.weight.dtype))


def _validation(
    network: FeedForward, validation: Any, of_classes: NDArray[np.float64] | None = None
) -> Examples:
    """Validation data of their own: a `Dataset`, a pair (X, y), or (X, y, sample_weight)."""
    if isinstance(validation, tuple | list) and len(validation) == 3 and not _is_pairs(validation):
        X, y, weight = validation
        return _weighted(as_examples(network, X, y, weight), of_classes)
    weight = getattr(validation, "weight", None) if isinstance(validation, Dataset) else None
    return _weighted(as_examples(network, validation, None, weight), of_classes)


def _is_pairs(samples: Any) -> bool:
    return all(isinstance(sample, tuple) and len(sample) == 2 for sample in samples)


def checksum(*arrays: NDArray[Any]) -> str:
    """A number of all bytes, types and shapes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data.cast("B"))
    return digest.hexdigest()


def as_examples(network: FeedForward, data: Any, y: Any = None, sample_weight: Any = None) -> Examples:
    """Checked rows of a `Dataset`, a pair (X, y), or X and y. Weights are relative to their mean.

    `Examples` are taken as they are, for they have been checked.
    """
    if isinstance(data, Examples):
        return data
    n_outputs = network.layers[-1]
    if isinstance(data, Dataset):
        if y is not None:
            raise InputError("y must be left out where a Dataset is given, for it brings its own.")
        if data.n_classes != n_outputs and not (data.n_classes == 2 and n_outputs == 1):
            raise InputError(
                f"the network must have as many outputs as {data.name!r} has classes, {data.n_classes}; "
                f"it has {n_outputs}. Make a Network([{data.n_features}, …, {data.n_classes}])."
            )
        exclusive = data.multi_label and bool((data.y.sum(axis=1) == 1).all())
        if data.multi_label and network.head.distribution and not exclusive:
            raise InputError(
                f"{data.name!r} has several labels a sample, so outputs must not share one probability; "
                f"got output={network.head.name!r}. Use output='sigmoid'."
            )
        data, y = data.X, data.y  # one-hot rows are classes, where outputs share one probability
    elif y is None:
        data, y = as_pair(data)
    X = as_samples(data, network.layers[0], _precision_kept(data, network.dtype))
    check_range("X", X, network.dtype)
    weight = as_weights(sample_weight, len(X), network.dtype)
    Y = as_targets(y, len(X), n_outputs, network.head, network.dtype, known_classes(network))
    return Examples(X, Y, relative(weight))


LARGE = 2**25
"""Bytes of samples that are not copied into another precision, but cast mini-batch by mini-batch."""


def _precision_kept(data: Any, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The precision to keep samples in: the network's, or their own if a copy would take much memory."""
    if not isinstance(data, np.ndarray) or data.dtype not in (np.float32, np.float64):
        return dtype
    return data.dtype if data.flags.c_contiguous and data.nbytes > LARGE else dtype


def _hold_out(examples: Examples, validation: Any, seed: int) -> TrainingData:
    """Cut off a share; the other rows are not copied, which would double the memory."""
    n = len(examples.X)
    n_held_out = round(n * as_real("validation", validation, above=0, below=1, remedy="Try 0.1."))
    if not 0 < n_held_out < n:
        raise InputError(
            f"validation must leave samples on both sides; got {validation} of {n} samples. "
            "Try another fraction, or none."
        )
    order = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, 2))).permutation(n)
    held_out, rest = np.sort(order[:n_held_out]), np.sort(order[n_held_out:])
    held_out_part = Examples(*(part[held_out] for part in examples))
    weight = examples.weight[rest]
    if not (weight.any() and held_out_part.weight.any()):
        raise InputError(
            "sample weights must not all be 0 among the samples trained on, nor among those held out; "
            "they are. Pass validation data of their own."
        )
    whole = Whole(examples._replace(weight=examples.weight / weight.mean()), rest)
    return TrainingData(whole, held_out_part)


def _blocks(network: FeedForward, stream: Stream, y: Any, weights: Weights) -> Blocks:
    """A stream's blocks, each checked as it comes."""
    if y is not None or weights.of_samples is not None:
        raise InputError(
            "y and sample_weight must be left out where a stream is given, for it brings its own y."
        )
    if weights.of_classes is not None:
        raise InputError(
            "class_weight must be left out where a stream is given, whose labels are not known before they "
            f"are read; got {weights.of_classes!r}. Read the data into memory: --no-stream, or load()."
        )
    n_outputs = network.layers[-1]
    if stream.n_features != network.layers[0] or stream.n_classes not in (n_outputs, 2 * (n_outputs == 1)):
        raise InputError(
            f"the network must have {stream.n_features} inputs and {stream.n_classes} outputs for this "
            f"stream; it has {network.layers[0]} and {n_outputs}. "
            f"Make a Network([{stream.n_features}, …, {stream.n_classes}])."
        )
    if len(stream) < 1:
        raise InputError("a stream must hold at least one sample; its length is 0. Check what it reads.")
    shapes = (1, network.layers[0]), (1, n_outputs), (1,)
    return Blocks(
        len(stream),
        lambda random: (as_examples(network, X, y) for X, y in stream.blocks(random)),
        Examples(*(np.zeros(shape, network.dtype) for shape in shapes)),
        getattr(stream, "checksum", str),
    )


def _apart(network: FeedForward, validation: Any) -> Examples | None:
    """Validation data of their own, for a stream cannot be cut."""
    if isinstance(validation, Real):
        raise InputError(
            f"validation must be data of their own for a stream; got the share {validation}. "
            "Pass the validation data that open_stream(validation=…) gives, or a pair (X, y)."
        )
    return None if validation is None else _validation(network, validation)
