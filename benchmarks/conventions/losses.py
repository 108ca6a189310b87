"""What a loss is a mean of, and what its options mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.conventions.base import Row, number

Z = np.array([[1.0, 2.0, 0.5, -1.0], [0.3, -0.2, 0.1, 0.4]])
Y = np.array([1, 3])
WEIGHTS = np.array([1.0, 2.0, 3.0, 4.0])
SMOOTHING = 0.1
ONE_HOT = np.eye(4)[Y]


def log_softmax() -> Any:
    """Log a of both samples, in float64."""
    return Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))


def kind_of_smoothing(loss: float) -> str:
    """Which smoothing a mean loss comes from."""
    log_a = log_softmax()
    own = log_a[[0, 1], Y]
    every = (1 - SMOOTHING) * -own - SMOOTHING / 4 * log_a.sum(axis=1)
    others = (1 - SMOOTHING) * -own - SMOOTHING / 3 * (log_a.sum(axis=1) - own)
    for name, value in (("ε/K for every class", every.mean()), ("ε/(K−1) for the others", others.mean())):
        if abs(loss - value) < 1e-5:
            return name
    return f"another: {number(loss)}"


def smoothing_ours() -> str:
    """Eq. S1."""
    from chainrule.engines.reference import NUMPY
    from chainrule.equations.heads import categorical_cross_entropy, smooth_labels

    y = smooth_labels(ONE_HOT, SMOOTHING, 1 / 4)
    return kind_of_smoothing(float(categorical_cross_entropy(NUMPY, Z, y).mean()))


def smoothing_torch() -> str:
    import torch

    return kind_of_smoothing(
        float(torch.nn.functional.cross_entropy(torch.tensor(Z), torch.tensor(Y), label_smoothing=SMOOTHING))
    )


def smoothing_keras() -> str:
    import keras

    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=SMOOTHING)
    return kind_of_smoothing(float(loss(ONE_HOT, Z.astype("float32"))))


def smoothing_optax() -> str:
    import jax.numpy as jnp
    import optax

    y = optax.smooth_labels(jnp.array(ONE_HOT), SMOOTHING)
    return kind_of_smoothing(float(optax.softmax_cross_entropy(jnp.array(Z), y).mean()))


def smoothing_mlx() -> str:
    import mlx.core as mx
    import mlx.nn as nn

    z, y = mx.array(Z.astype("float32")), mx.array(Y)
    return kind_of_smoothing(
        nn.losses.cross_entropy(z, y, label_smoothing=SMOOTHING, reduction="mean").item()
    )


def smoothing_tinygrad() -> str:
    from tinygrad import Tensor

    return kind_of_smoothing(
        Tensor(Z.astype("float32")).cross_entropy(Tensor(Y), label_smoothing=SMOOTHING).item()
    )


def smoothing_thinc() -> str:
    from thinc.api import CategoricalCrossentropy

    a = np.exp(log_softmax()).astype("f")
    gradient = CategoricalCrossentropy(label_smoothing=SMOOTHING, normalize=False).get_grad(a, Y.astype("i"))
    y = a - gradient
    return "ε/(K−1) for the others" if abs(y[0, 0] - SMOOTHING / 3) < 1e-6 else "ε/K for every class"


def mean_of(loss: float) -> str:
    """What a weighted loss was divided by."""
    sums = float((-log_softmax()[[0, 1], Y] * WEIGHTS[Y]).sum())
    for name, value in (("the sum of the weights", WEIGHTS[Y].sum()), ("the number of samples", 2.0)):
        if abs(loss - sums / value) < 1e-5:
            return name
    return f"another: {number(loss)}"


def weighted_ours() -> str:
    """`Network.loss` with a weight for each sample."""
    from chainrule import Network

    network = Network.from_parameters([(np.eye(4), np.zeros(4))], output="softmax")
    return mean_of(network.loss(Z, Y, sample_weight=WEIGHTS[Y]))


def weighted_torch() -> str:
    import torch

    return mean_of(
        float(
            torch.nn.functional.cross_entropy(torch.tensor(Z), torch.tensor(Y), weight=torch.tensor(WEIGHTS))
        )
    )


def weighted_torch_one_hot() -> str:
    import torch

    return mean_of(
        float(
            torch.nn.functional.cross_entropy(
                torch.tensor(Z), torch.tensor(ONE_HOT), weight=torch.tensor(WEIGHTS)
            )
        )
    )


def weighted_keras() -> str:
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return mean_of(float(loss(Y, Z.astype("float32"), sample_weight=WEIGHTS[Y])))


def weighted_mlx() -> str:
    import mlx.core as mx
    import mlx.nn as nn

    weights = mx.array(WEIGHTS[Y].astype("float32"))
    return mean_of(
        nn.losses.cross_entropy(
            mx.array(Z.astype("float32")), mx.array(Y), weights=weights, reduction="mean"
        ).item()
    )


def ignored(loss: float) -> str:
    """What the mean is over when the second of two samples is to be ignored."""
    first = float(-log_softmax()[0, Y[0]])
    found = {"the samples that count": first, "all samples": first / 2}
    return next((name for name, value in found.items() if abs(loss - value) < 1e-5), number(loss))


def ignored_ours() -> str:
    """A weight of 0."""
    from chainrule import Network

    network = Network.from_parameters([(np.eye(4), np.zeros(4))], output="softmax")
    return ignored(network.loss(Z, Y, sample_weight=[1, 0]))


def ignored_torch() -> str:
    import torch

    cross_entropy = torch.nn.functional.cross_entropy
    nothing = float(cross_entropy(torch.tensor(Z), torch.tensor([-100, -100])))
    return (
        ignored(float(cross_entropy(torch.tensor(Z), torch.tensor([1, -100]))))
        + f"; all ignored: {number(nothing)}"
    )


def ignored_keras() -> str:
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy
    by_class = loss(from_logits=True, ignore_class=3)(Y, Z.astype("float32"))
    by_weight = loss(from_logits=True)(Y, Z.astype("float32"), sample_weight=np.array([1.0, 0.0]))
    return f"by ignore_class {ignored(float(by_class))}; by a weight of 0 {ignored(float(by_weight))}"


def named_ours() -> str:
    from chainrule.engines.reference import NUMPY
    from chainrule.equations.heads import categorical_cross_entropy

    return number(categorical_cross_entropy(NUMPY, np.log([[0.7, 0.2, 0.1]]), np.eye(3)[[0]])[0])


def named_thinc() -> str:
    from thinc.api import CategoricalCrossentropy

    _, loss = CategoricalCrossentropy()(np.array([[0.7, 0.2, 0.1]], "f"), np.array([[1, 0, 0]], "f"))
    return f"{number(loss)} = ‖a − y‖²"


def named_torch() -> str:
    import torch

    return number(
        float(
            torch.nn.functional.cross_entropy(torch.log(torch.tensor([[0.7, 0.2, 0.1]])), torch.tensor([0]))
        )
    )


def positive_ours() -> str:
    from chainrule.engines.reference import NUMPY
    from chainrule.equations.heads import pos_weighted

    head = pos_weighted(5.0)
    return "; ".join(number(head.loss(NUMPY, np.array([[2.0]]), np.array([[y]]))[0]) for y in (1.0, 0.0))


def positive_torch() -> str:
    import torch

    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor([2.0, 2.0]), torch.tensor([1.0, 0.0]), pos_weight=torch.tensor(5.0), reduction="none"
    )
    return "; ".join(map(number, loss))


def positive_tinygrad() -> str:
    from tinygrad import Tensor

    z, y = Tensor([2.0, 2.0]), Tensor([1.0, 0.0])
    return "; ".join(
        map(number, z.binary_crossentropy_logits(y, pos_weight=Tensor([5.0]), reduction="none").numpy())
    )


ROWS = [
    Row(
        "Label smoothing ε: where the share goes",
        "S1",
        {
            "chainrule": smoothing_ours,
            "PyTorch": smoothing_torch,
            "Keras": smoothing_keras,
            "optax": smoothing_optax,
            "MLX": smoothing_mlx,
            "tinygrad": smoothing_tinygrad,
            "thinc": smoothing_thinc,
        },
        "ε/(K−1) for the others is ε' = ε K/(K−1) in our form: with K classes set `--label-smoothing` to ε"
        " K/(K−1).",
    ),
    Row(
        "Mean of a loss with weights: divided by",
        "J, Σ_i w_i J_i / Σ_i w_i",
        {"chainrule": weighted_ours, "PyTorch": weighted_torch, "Keras": weighted_keras, "MLX": weighted_mlx},
        "Where the number of samples divides, weights change the size of every step: multiply the learning"
        " rate by the mean weight when moving here.",
    ),
    Row(
        "The same weights of classes with one-hot targets",
        "J, Σ_i w_i J_i / Σ_i w_i",
        {"chainrule": weighted_ours, "PyTorch": weighted_torch_one_hot},
        "In PyTorch the same labels as probabilities give a loss that is larger by the mean weight.",
    ),
    Row(
        "A sample to be ignored (weight 0, or an ignored class): the mean is over",
        "J",
        {
            "chainrule": ignored_ours,
            "PyTorch": ignored_torch,
            "Keras": ignored_keras,
        },
        "Keras divides by different counts in its two ways. PyTorch's mean over nothing is NaN.",
    ),
    Row(
        "Cross-entropy of a = (0.7, 0.2, 0.1) for the first class",
        "H2",
        {"chainrule": named_ours, "PyTorch": named_torch, "thinc": named_thinc},
        "thinc's gradient is that of cross-entropy, a − y; its reported loss is the squared length of the"
        " gradient. Compare runs by accuracy, or compute −log a yourself.",
    ),
    Row(
        "pos_weight = 5 at z = 2: loss of a positive; of a negative",
        "H4",
        {"chainrule": positive_ours, "PyTorch": positive_torch, "tinygrad": positive_tinygrad},
        "Nothing: all multiply the positive term alone.",
    ),
]
