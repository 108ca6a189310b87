"""Numbers, names and arrays given by the user, checked and turned into what they stand for.

Numbers become plain Python numbers: a NumPy scalar would make a float32 network float64, and JSON could not
hold it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import inf
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeVar

from chainrule.errors import InputError, look_up

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")

LEAVE_OUT = "Leave it out for the usual value."


def as_real(
    name: str,
    value: Any,
    *,
    above: float = -inf,
    at_least: float = -inf,
    below: float = inf,
    at_most: float = inf,
    remedy: str = LEAVE_OUT,
) -> float:
    """Return ``value`` as a finite float within the bounds.

    Raises:
        InputError: not a real number, not finite, or out of bounds.
    """
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else inf
    if not (above < number < below and at_least <= number <= at_most and abs(number) < inf):
        words = {"above": above, "at least": at_least, "below": below, "at most": at_most}
        bounds = [f"{word} {bound:g}" for word, bound in words.items() if abs(bound) < inf]
        must = " and ".join(bounds) or "a finite number"
        raise InputError(f"{name} must be {must}; got {value!r}. {remedy}")
    return number


def as_whole(name: str, value: Any, *, at_least: int = 1, remedy: str = LEAVE_OUT) -> int:
    """Return ``value`` as an int of at least ``at_least``.

    Raises:
        InputError: not a whole number, or too small.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < at_least:
        raise InputError(f"{name} must be a whole number of {at_least} or more; got {value!r}. {remedy}")
    return int(value)


def check_unmasked(name: str, values: Any) -> None:
    """Refuse masked entries: NumPy would read what the mask hides.

    Raises:
        InputError: an entry is masked.
    """
    import numpy as np  # here, for `--help` needs no NumPy

    masked = values
    if isinstance(values, list | tuple) and any(isinstance(row, np.ma.MaskedArray) for row in values):
        masked = np.ma.masked_array(
            [np.ma.getdata(row) for row in values], list(map(np.ma.getmaskarray, values))
        )
    if isinstance(masked, np.ma.MaskedArray) and np.ma.is_masked(masked):
        place = ", ".join(str(int(i)) for i in np.argwhere(np.ma.getmaskarray(masked))[0])
        raise InputError(
            f"{name} must have no masked entries; got one at [{place}]. Fill them with {name}.filled(…), or "
            "leave those samples out."
        )


def as_array(name: str, values: Any) -> NDArray[Any]:
    """Return ``values`` as an array; objects that are numbers or missing become float64, NaN for the latter.

    pandas keeps numbers so beside ``<NA>``.

    Raises:
        InputError: an entry is masked.
        ValueError: rows of different lengths.
    """
    import numpy as np  # as above

    check_unmasked(name, values)
    raw = np.asarray(values)
    if raw.dtype.kind != "O" or any(isinstance(value, str | bytes) for value in raw.flat):
        return raw
    with suppress(TypeError, ValueError):
        return raw.astype(np.float64)
    filled = [np.nan if type(value).__name__ == "NAType" else value for value in raw.flat]
    with suppress(TypeError, ValueError):
        return np.array(filled, np.float64).reshape(raw.shape)
    return raw


def as_one_of(kind: str, choice: Any, cls: type[T], makers: dict[str, Callable[[], T]]) -> T:
    """Return ``choice`` if it is of that class, else what the maker of that name makes by its usual options.

    Raises:
        InputError: no such name.
    """
    return choice if isinstance(choice, cls) else look_up(kind, choice, makers)()


@contextmanager
def needed(extra: str) -> Iterator[None]:
    """Say which extra to install where the package is missing.

    Raises:
        InputError: it is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise InputError(
            f"this needs the package {error.name}, which is not installed. "
            f"Install it with: pip install 'chainrule[{extra}]'."
        ) from None
