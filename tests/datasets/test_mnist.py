import os

import numpy as np
import pytest

from chainrule.datasets import load
from chainrule.datasets.known import mnist
from chainrule.datasets.known.find import _SYSTEM, _path, cache_folder


def require(pictures):
    """Skip unless the files lie on this machine: tests never download."""
    given = os.environ.get("CHAINRULE_DATA", "")
    folders = [
        os.path.join(given, pictures.name),
        given,
        cache_folder() / pictures.name,
        _SYSTEM / pictures.name,
    ]
    if not any(all(_path(type(_SYSTEM)(f), file) for file in pictures.files) for f in folders if str(f)):
        pytest.skip(f"{pictures.name} is not on this machine: set CHAINRULE_DATA to the folder that holds it")


@pytest.mark.parametrize(
    ("pictures", "checksums"),
    [
        (
            mnist.MNIST,
            (
                "45fa8e3f206d577ae5ef0b0225f7ccc288b28410e2c794bad66336aa81b5217e",
                "068931f47258b64b0dd0aefcf571e66d67e6d79bb9b16a2a26044e104f7e1b34",
            ),
        ),
        (
            mnist.FASHION_MNIST,
            (
                "b6ae50b30c86ea5c3f951d6ba129e92c2e1c63b2ed5cae5223f2b60de9458864",
                "d317f04cf4814e714922ff2c027a49ce24a74381b32a51fa957d1b248daed691",
            ),
        ),
    ],
    ids=["mnist", "fashion-mnist"],
)
def test_the_real_files(pictures, checksums):
    require(pictures)
    train, test = load(pictures.name)
    size = "samples, 784 features (28 x 28), 10 classes"
    assert repr(train) == f"Dataset '{pictures.name}' (train): 60,000 {size}"
    assert repr(test) == f"Dataset '{pictures.name}' (test): 10,000 {size}"
    assert (train.X.min(), train.X.max(), train.X.dtype) == (0, 1, np.float32)
    assert train.classes == pictures.classes
    assert (train.checksum(), test.checksum()) == checksums


def test_the_first_pictures_are_what_everybody_knows():
    require(mnist.MNIST)
    train, test = load("mnist")
    assert train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert test.y[:5].tolist() == [7, 2, 1, 0, 4]


def test_names_of_clothes():
    assert mnist.FASHION_MNIST.classes[0] == "T-shirt/top"
    assert mnist.FASHION_MNIST.classes[9] == "Ankle boot"
    assert len(set(mnist.FASHION_MNIST.classes)) == 10
