"""MNIST and Fashion-MNIST: 60,000 training and 10,000 test pictures of 28 x 28.

Sources: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits"; H. Xiao, K. Rasul,
R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms" (2017).
"""

from __future__ import annotations

from chainrule.datasets.dataset import Dataset
from chainrule.datasets.known.find import File, PictureSet, find
from chainrule.datasets.preparing.scaling import PIXELS
from chainrule.datasets.tables.idx import parse

MNIST = PictureSet(
    name="mnist",
    classes=tuple("0123456789"),
    files=(
        File(
            "train-images-idx3-ubyte",
            47040016,
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        File(
            "train-labels-idx1-ubyte",
            60008,
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        File(
            "t10k-images-idx3-ubyte",
            7840016,
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        File(
            "t10k-labels-idx1-ubyte",
            10008,
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
)

FASHION_MNIST = PictureSet(
    name="fashion-mnist",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    files=(
        File(
            "train-images-idx3-ubyte",
            47040016,
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        File(
            "train-labels-idx1-ubyte",
            60008,
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        File(
            "t10k-images-idx3-ubyte",
            7840016,
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        File(
            "t10k-labels-idx1-ubyte",
            10008,
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
)


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
