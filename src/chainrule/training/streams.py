"""Data that come in blocks, as the training loop takes them: blocks of whole mini-batches.

A block's rows are shuffled; what is left of it when no whole mini-batch remains is joined to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from chainrule.engines.base import Examples, Floats
from chainrule.errors import InputError

Block: TypeAlias = tuple[Examples, NDArray[np.intp]]
"""Samples, and which of their rows are trained on."""


class Blocks(NamedTuple):
    """A stream's blocks.

    Attributes:
        n: samples of an epoch.
        read: gives the blocks, in an order that the generator may decide, and nothing else.
        first: stands for a block before any was read.
        checksum: what is another for other samples, so far as the stream can say.
    """

    n: int
    read: Callable[[Generator], Iterator[Examples]]
    first: Examples
    checksum: Callable[[], str] = str

    def blocks(self, random: Generator, size: int) -> Iterator[Block]:
        """Blocks of whole mini-batches; only the last may end with a smaller one.

        Raises:
            InputError: they have not as many samples as announced.
        """
        seen = 0
        for examples in joined(self.read(random), size, self.n):
            seen += len(examples.X)
            self._check_count(seen <= self.n, "more")
            yield examples, np.arange(len(examples.X))
        self._check_count(seen == self.n, str(seen))

    def _check_count(self, good: bool, gave: str) -> None:
        if not good:
            raise InputError(
                f"a stream must give as many samples as its length says, {self.n}; it gave {gave}. "
                "Let len() and blocks() agree."
            )


def joined(blocks: Iterator[Examples], size: int, n: int) -> Iterator[Examples]:
    """The same rows in blocks of whole mini-batches; only the last of ``n`` may end with a smaller one."""
    left: Examples | None = None
    seen = 0
    for block in blocks:
        whole = block if left is None else Examples(*map(_stacked, left, block))
        seen += len(block.X)
        count = len(whole.X) if seen == n else len(whole.X) // size * size
        if count:
            yield Examples(*(part[:count] for part in whole))
        left = Examples(*(part[count:].copy() for part in whole)) if count < len(whole.X) else None
    if left is not None:
        yield left


def _stacked(first: Floats, second: Floats) -> Floats:
    return np.concatenate((first, second))
