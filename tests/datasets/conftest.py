from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

Refuses = Callable[..., AbstractContextManager[None]]


@contextmanager
def _refuses(kind: type[Exception], must: str, got: str, remedy: str) -> Iterator[None]:
    with pytest.raises(kind) as caught:
        yield
    message = str(caught.value)
    places = [message.find(part) for part in (must, got, remedy)]
    assert -1 not in places, message
    assert places == sorted(places), message
    assert message.endswith("."), message


@pytest.fixture
def refuses() -> Refuses:
    """An error of this kind, whose message says what must hold, what came, and what to do, in this order."""
    return _refuses
