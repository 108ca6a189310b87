"""MNIST and Fashion-MNIST: 60,000 training and 10,000 test pictures of 28 x 28.

Sources: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits"; H. Xiao, K. Rasul,
R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms" (2017).
"""

from __future__ import annotations

from chainrule.datasets.dataset import Dataset
from chainrule.datasets.known.find import File, PictureSet, find
from chainrule.datasets.preparing.scaling import PIXELS
from chainrule.datasets.tables.idx import parse
from chainrule.files.texts import texts


def _pictures(name: str) -> PictureSet:
    """The set of that name in ``pictures.toml``."""
    about = texts("datasets/known/pictures.toml")[name]
    files = tuple(File(*facts) for facts in about["files"])
    return PictureSet(name, tuple(about["classes"]), files, tuple(about["mirrors"]))


MNIST, FASHION_MNIST = _pictures("mnist"), _pictures("fashion-mnist")


def load(pictures: PictureSet) -> tuple[Dataset, Dataset]:
    """Return (train, test) of 60,000 and 10,000 pictures; pixels are 0...1."""
    content = find(pictures)
    train_images, train_labels, test_images, test_labels = (content[file.name] for file in pictures.files)
    return (
        _dataset(pictures, train_images, train_labels, "train"),
        _dataset(pictures, test_images, test_labels, "test"),
    )


def _dataset(pictures: PictureSet, images: bytes, labels: bytes, part: str) -> Dataset:
    X, y = parse(images, 3, f"{pictures.name} images"), parse(labels, 1, f"{pictures.name} labels")
    return Dataset(
        PIXELS(X.reshape(len(X), -1)),
        y,
        pictures.classes,
        shape=(X.shape[1], X.shape[2]),
        scaling=PIXELS,
        name=pictures.name,
        part=part,
    )
