"""The checker is checked: it must find and name what was planted, and raise no false alarm."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import InputError, Network, gradient_check
from chainrule.equations.activations import ACTIVATIONS, Activation
from chainrule.equations.heads import HEADS, quadratic_error
from chainrule.types import ByLayer, Gradients, Layer

PENALTIES = {"none": {}, "l1": {"l1": 0.01}, "l2": {"l2": 0.1}, "both": {"l1": 1e-3, "l2": 3.0}}


def problem(widths=(6, 5, 5, 3), N=4, seed=1, **options):
    """A network with random samples and one label each."""
    network = Network(list(widths), seed=seed, **options)
    rng = np.random.default_rng(seed)
    X, labels = rng.standard_normal((N, widths[0])), rng.integers(0, max(widths[-1], 2), N)
    return network, X, labels if widths[-1] > 1 else labels[:, None]


def lists(gradients):
    """Copies of dW and db that a test may spoil."""
    return [g.copy() for g in gradients.dW], [g.copy() for g in gradients.db]


def causes(report):
    return " ".join(report.causes)


# What is right must pass.


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_right_gradients_pass(activation, head, penalty):
    for dtype in ("float64", "float32"):
        network, X, y = problem((5, 4, 3), hidden=activation, output=head, dtype=dtype)
        report = gradient_check(network, X, y, **PENALTIES[penalty])
        assert report.passed, report
        assert report.worst.relative_error < 1e-7
        assert any("float32" in note for note in report.notes) == (dtype == "float32")


def random_case(seed):
    """A network of any shape, activation, head, precision and scale, some of them on kinks, with data."""
    rng = np.random.default_rng(seed)
    widths = rng.integers(1, 9, rng.integers(2, 6)).tolist()
    head = str(rng.choice(list(HEADS)))
    widths[-1] = max(widths[-1], 2) if head == "softmax" else widths[-1]
    hidden = [str(name) for name in rng.choice(list(ACTIVATIONS), len(widths) - 2)]
    network = Network(widths, hidden=hidden, output=head, seed=seed, dtype=("float32", "float64")[seed % 2])
    scale = rng.choice([1, 1, 1, 0, 0.01, 30, 300])
    for W, b in network.params:
        W *= scale
        b *= scale * rng.integers(0, 2)
    N = int(rng.choice([1, 2, 7, 20]))
    X = rng.standard_normal((N, widths[0])) * rng.choice([0.01, 1, 1, 100])
    y = rng.integers(0, widths[-1], N) if head == "softmax" else rng.integers(0, 2, (N, widths[-1]))
    weight = rng.uniform(0.01, 1, N) if rng.random() < 0.3 else None
    penalty = list(PENALTIES.values())[rng.integers(4)]
    return network, (np.round(X) if seed % 5 == 0 else X), y, {"sample_weight": weight, **penalty}


@pytest.mark.parametrize("first", range(0, 250, 25))
def test_no_false_alarm(first):
    for seed in range(first, first + 25):
        network, X, y, options = random_case(seed)
        report = gradient_check(network, X, y, seed=seed, **options)
        assert report.verdict in ("right", "kink"), (seed, network, str(report))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("scale", [30.0, 1e4])
def test_saturated_networks(head, scale):
    network, X, y = problem(output=head)
    for W, _ in network.params:
        W *= scale
    report = gradient_check(network, X, y, l2=0.1)
    assert report.passed, report


def test_batch_of_one_and_width_one():
    network, X, y = problem((1, 1, 1), N=1, output="sigmoid")
    report = gradient_check(network, X, y)
    assert report.passed
    assert [row.checked for row in report.rows] == [1, 1, 1, 1]


def test_sample_weights():
    network, X, y = problem()
    w = np.array([0.0, 1, 2, 30])
    assert gradient_check(network, X, y, sample_weight=w).passed
    assert not gradient_check(network, X, y, sample_weight=w, gradients=network.gradients(X, y)).passed


def test_the_network_is_left_alone():
    network, X, y = problem(dtype="float32")
    before = [theta.tobytes() for layer in network.params for theta in layer]
    gradient_check(network, X, y)
    assert before == [theta.tobytes() for layer in network.params for theta in layer]
    assert network.dtype == np.float32


def test_the_seed_decides():
    network, X, y = problem((30, 20, 3))
    assert gradient_check(network, X, y, seed=3) == gradient_check(network, X, y, seed=3)
    assert gradient_check(network, X, y, seed=3) != gradient_check(network, X, y, seed=4)


def test_gradients_in_float32_get_its_rounding_as_doubt():
    network, X, y = problem((30, 20, 3), N=20, dtype="float32")
    gradients = network.gradients(X, y)
    assert gradients.dW[1].dtype == np.float32
    report = gradient_check(network, X, y, gradients=gradients)
    assert report.verdict == "right", report
    assert any("less than double" in note for note in report.notes)
    dW, db = lists(gradients)
    dW[1] *= np.float32(1.02)
    assert gradient_check(network, X, y, gradients=(dW, db)).verdict == "wrong"


# What is planted must be found.


@pytest.mark.parametrize(("L", "field"), [(1, "W"), (1, "b"), (2, "W"), (2, "b")])
@pytest.mark.parametrize("seed", range(3))
def test_one_entry_off_by_one_in_ten_thousand(L, field, seed):
    network, X, y = problem((784, 30, 10), N=20, seed=seed)
    rng = np.random.default_rng(seed)
    X = np.clip(X, 0, None)
    dW, db = lists(network.gradients(X, y))
    g = (dW if field == "W" else db)[L - 1]
    near_median = np.flatnonzero(np.abs(g) >= np.median(np.abs(g)))
    k = int(rng.choice(near_median))
    g.flat[k] *= 1 + 1e-4
    report = gradient_check(network, X, y, gradients=(dW, db))
    worst = report.worst
    assert report.verdict == worst.verdict == "wrong"
    assert (worst.layer, worst.tensor) == (L, field)
    assert worst.index == tuple(int(i) for i in np.unravel_index(k, g.shape))
    assert worst.relative_error == pytest.approx(1e-4, rel=1e-3)
    assert worst.analytic == g.flat[k]
    assert worst.place in str(report)
    assert [row.verdict for row in report.rows].count("wrong") == 1


def test_a_swapped_sign_in_one_bias():
    network, X, y = problem()
    dW, db = lists(network.gradients(X, y))
    db[1][2] *= -1
    report = gradient_check(network, X, y, gradients=Gradients(ByLayer(()), ByLayer(dW), ByLayer(db)))
    assert report.worst.place == "db[2][2]"
    assert report.worst.relative_error == pytest.approx(2)
    assert (
        causes(report) == "db[2]: of the entries compared only db[2][2] is wrong, which has the opposite sign"
    )


def test_a_transposed_square():
    network, X, y = problem()
    dW, db = lists(network.gradients(X, y))
    dW[1] = dW[1].T
    report = gradient_check(network, X, y, gradients=(dW, db))
    assert causes(report) == "dW[2]: the gradient is transposed"


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (1 / 4, "1/N = 1/4"),
        (4, "N = 4 times too large"),
        (-1, "sign is flipped"),
        (2, "twice"),
        (1 / 3, "1/3 of what it should be: the mean over the outputs"),
        (0.7, "0.7 times what it should be"),
        (0, "all 0"),
    ],
)
def test_a_factor(factor, said):
    network, X, y = problem()
    dW, db = lists(network.gradients(X, y))
    report = gradient_check(network, X, y, gradients=([g * factor for g in dW], [g * factor for g in db]))
    assert all(row.verdict == "wrong" for row in report.rows)
    (cause,) = report.causes
    assert cause.startswith("dW[1], db[1], dW[2], db[2], dW[3], db[3]: ")
    assert said in cause


PENALTY = {"l1": 0.02, "l2": 0.3}


def test_a_missing_penalty():
    network, X, y = problem()
    report = gradient_check(network, X, y, **PENALTY, gradients=network.gradients(X, y))
    assert causes(report) == "dW[1], dW[2], dW[3]: the penalty is missing"


def test_a_penalty_that_the_loss_has_not():
    network, X, y = problem()
    report = gradient_check(network, X, y, gradients=network.gradients(X, y, **PENALTY))
    assert "l1 = 0.02, l2 = 0.3" in causes(report)
    assert {row.name for row in report.rows if row.verdict == "wrong"} == {"dW[1]", "dW[2]", "dW[3]"}


def test_half_a_penalty():
    network, X, y = problem()
    half = network.gradients(X, y, l1=0.01, l2=0.15)
    report = gradient_check(network, X, y, **PENALTY, gradients=half)
    assert "the penalty is in it 0.5 times" in causes(report)


class Penalized(Network):
    """Wrong: penalises the biases too."""

    def gradients(self, X, y, *, l1=0.0, l2=0.0, **options):
        right = super().gradients(X, y, l1=l1, l2=l2, **options)
        db = [g + l1 * np.sign(b) + l2 * b for g, b in zip(right.db, self.b, strict=True)]
        return right._replace(db=ByLayer(db))


def test_a_penalty_on_the_biases():
    network = Penalized([6, 5, 5, 3], seed=1)
    _, X, y = problem()
    assert gradient_check(network, X, y).passed
    report = gradient_check(network, X, y, **PENALTY)
    wrong = {row.name for row in report.rows if row.verdict == "wrong"}
    assert wrong == {f"db[{L}]{part}" for L in (1, 2, 3) for part in ("", " penalty")}
    assert "the penalty is on the biases too" in causes(report)


class Unpenalized(Network):
    """Wrong: leaves the penalty out."""

    def gradients(self, X, y, *, l1=0.0, l2=0.0, **options):
        return super().gradients(X, y, **options)


def test_the_penalty_is_checked_apart():
    network = Unpenalized([6, 5, 5, 3], seed=1)
    _, X, y = problem()
    report = gradient_check(network, X, y, l2=1e-9)
    rows = {row.name: row.verdict for row in report.rows}
    assert rows["dW[1] penalty"] == "wrong"
    assert "the penalty is missing" in causes(report)


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_an_extra_sigma_prime_at_the_output(head):
    network, X, y = problem(output=head)
    network.head = network.head._replace(delta=quadratic_error)
    for penalty in ({}, PENALTY):
        report = gradient_check(network, X, y, **penalty)
        assert report.verdict == "wrong"
        (cause,) = report.causes
        assert "δ^H carries σ'(z^H)" in cause
        assert "dW[3], db[3]" in cause


@pytest.mark.parametrize(
    "wrong",
    [lambda xp, z, a: xp.ones_like(z), lambda xp, z, a: z * (1 - z), lambda xp, z, a: -a * (1 - a)],
    ids=["φ' missing", "σ' of z", "sign"],
)
def test_a_wrong_derivative_of_one_layer_is_placed(wrong):
    network, X, y = problem((6, 5, 5, 5, 3))
    hidden = list(network.hidden)
    hidden[1] = hidden[1]._replace(d_phi=wrong)
    network.hidden = ByLayer(hidden)
    report = gradient_check(network, X, y)
    rows = {row.name: row for row in report.rows}
    assert {name for name, row in rows.items() if row.verdict == "wrong"} == {
        "dW[1]",
        "db[1]",
        "dW[2]",
        "db[2]",
    }
    if "sign" not in rows["dW[2]"].cause:
        assert rows["dW[2]"].cause.endswith("B2 of layer 2")


def test_only_the_weights_of_one_layer():
    network, X, y = problem()
    dW, db = lists(network.gradients(X, y))
    dW[1] += np.random.default_rng(0).standard_normal(dW[1].shape)
    report = gradient_check(network, X, y, gradients=(dW, db))
    assert causes(report) == "dW[2]: only dW of layer 2 is wrong: B3 of layer 2"


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("head", HEADS)
def test_every_derivative_off_by_a_thousandth_is_wrong(activation, head):
    network, X, y = problem((5, 4, 3), hidden=activation, output=head)
    phi = ACTIVATIONS[activation]
    network.hidden = ByLayer([phi._replace(d_phi=lambda xp, z, a: 1.001 * phi.d_phi(xp, z, a))])
    assert gradient_check(network, X, y).verdict == "wrong"


def test_planted_errors_in_random_networks():
    """The same networks as above: an entry that counts, off by a hundredth, is never passed."""
    planted = 0
    for seed in range(60):
        network, X, y, options = random_case(seed)
        dW, db = lists(network.gradients(X, y, **options))
        g = max((*dW, *db), key=lambda g: np.abs(g).max())
        k = int(np.argmax(np.abs(g)))
        if network.dtype == np.float32 or not np.abs(g.flat[k]) > 1e-6:
            continue
        g.flat[k] *= 1.01
        report = gradient_check(network, X, y, gradients=(dW, db), **options)
        assert report.verdict in ("wrong", "kink"), (seed, str(report))
        planted += report.verdict == "wrong"
    assert planted > 20


def test_what_rounding_drowns_is_said_to_be_so():
    network = Network([3, 4, 3], seed=0)
    network.b[1] = np.full(4, 36.0)  # σ' = 2e-16
    report = gradient_check(network, np.ones((2, 3)), [0, 1])
    assert report.passed
    assert "note: too small to judge beside the rounding noise of the loss: dW[1], db[1]" in str(report)


# Kinks.


def on_the_kink(activation):
    """Every z^1 is 0, where φ' jumps, and moves with W^1 and b^1."""
    network, X, y = problem((3, 4, 3), hidden=activation)
    network.W[1], network.b[1] = np.zeros((4, 3)), np.zeros(4)
    return network, X, y


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_exactly_on_a_kink_the_gradient_of_the_equations_is_right(activation):
    network, X, y = on_the_kink(activation)
    report = gradient_check(network, X, y)
    assert report.passed, report
    assert {row.name: row.crossed > 0 for row in report.rows}["dW[1]"]


@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
def test_any_slope_between_the_sides_is_told_apart(slope):
    network, X, y = on_the_kink("relu")
    twin = Network(
        [3, 4, 3], hidden=ACTIVATIONS["relu"]._replace(d_phi=lambda xp, z, a: (z > 0) + slope * (z == 0))
    )
    twin.params = network.params
    report = gradient_check(network, X, y, gradients=twin.gradients(X, y))
    rows = {row.name: row for row in report.rows}
    assert rows["dW[1]"].kinks == (12 if slope else 0)
    assert rows["dW[2]"].verdict == rows["db[2]"].verdict == "right"
    assert report.verdict == "right"
    assert "kink" in str(report)


@pytest.mark.parametrize("slope", [-0.5, 1.5])
def test_a_slope_beyond_the_sides_is_wrong(slope):
    network, X, y = on_the_kink("relu")
    network.hidden = ByLayer([network.hidden[1]._replace(d_phi=lambda xp, z, a: slope * xp.ones_like(z))])
    assert gradient_check(network, X, y).verdict == "wrong"


def test_a_kink_hides_no_error_elsewhere():
    network, X, y = on_the_kink("relu")
    network.b[1] = np.array([0, 0, 0.5, 0.0])  # one neuron off the kink
    dW, db = lists(network.gradients(X, y))
    dW[0][2, 1] *= 1.0001
    report = gradient_check(network, X, y, gradients=(dW, db))
    assert report.verdict == "wrong"
    assert report.worst.place == "dW[1][2, 1]"


def test_weights_of_zero_under_l1():
    network, X, y = problem()
    network.W[2] = np.zeros((5, 5))
    assert gradient_check(network, X, y, l1=0.1).passed
    dW, db = lists(network.gradients(X, y, l1=0.1))
    for shift, verdict, kinks in ((0.07, "kink", 20), (-0.1, "kink", 20), (0.11, "wrong", 0)):
        report = gradient_check(network, X, y, l1=0.1, gradients=([dW[0], dW[1] + shift, dW[2]], db))
        row = next(row for row in report.rows if row.name == "dW[2]")
        assert row.verdict == verdict
        assert row.kinks == kinks
        assert report.verdict == ("wrong" if verdict == "wrong" else "right")


def test_a_step_across_a_kink_is_no_error():
    network, X, y = problem((3, 4, 3), hidden="relu")
    network.b[1] = network.b[1] - network.forward(X).z[1][0] + 1e-9  # the first sample, just above
    report = gradient_check(network, X, y)
    assert report.passed, report
    assert report.rows[0].crossed == 12


def test_an_undeclared_kink_is_suspicious_at_least():
    bent = Activation(
        "bent", lambda xp, z: xp.where(z > 0, z, -3 * z), lambda xp, z, a: xp.where(z > 0, 1.0, -3.0)
    )
    network, X, y = problem((3, 4, 3), hidden=bent)
    network.b[1] = network.b[1] - network.forward(X).z[1][0] + 1e-9
    report = gradient_check(network, X, y)
    assert not report.passed
    network.hidden = ByLayer([bent._replace(kinks=(0.0,))])
    assert gradient_check(network, X, y).passed


# What the report says, and what it refuses.


def test_the_report_as_text():
    network, X, y = problem((30, 20, 3), dtype="float32")
    text = str(gradient_check(network, X, y, l2=0.1))
    assert "20 of 600" in text
    assert "dW[1] penalty" in text
    assert "600 of 600" in text
    assert "note: the float32 network was checked in float64" in text
    assert text.splitlines()[-1].startswith("Right: the largest relative error is ")


def test_small_tensors_are_checked_whole():
    network, X, y = problem()
    report = gradient_check(network, X, y, entries=25)
    assert [(row.checked, row.size) for row in report.rows] == [
        (25, 30),
        (5, 5),
        (25, 25),
        (5, 5),
        (15, 15),
        (3, 3),
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"X": np.ones((4, 5))}, "X must have 6 columns"),
        ({"y": [0, 1]}, "as many rows"),
        ({"entries": 0}, "entries must be a whole number of 1 or more"),
        ({"directions": -1}, "directions must be"),
        ({"seed": 1.5}, "seed must be"),
        ({"l1": -1}, "l1 must be"),
        ({"sample_weight": [1, 2]}, "sample_weight must have shape"),
        ({"gradients": 3}, "gradients must be a Gradients, or a pair"),
        ({"gradients": ([np.ones((5, 6))], [np.ones(5)])}, "dW must hold 3 arrays"),
    ],
)
def test_bad_input(change, said):
    network, X, y = problem()
    options = {"X": X, "y": y, **change}
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        gradient_check(network, options.pop("X"), options.pop("y"), **options)


@pytest.mark.parametrize("network", [None, "run", [(1, 2)]])
def test_what_is_no_network(network):
    with pytest.raises(InputError, match="network must be a Network"):
        gradient_check(network, [[0.0]], [0])


def test_bad_gradients_are_named():
    network, X, y = problem()
    dW, db = lists(network.gradients(X, y))
    with pytest.raises(InputError, match=r"dW\[1\] must have shape \(5, 6\).*looks transposed"):
        gradient_check(network, X, y, gradients=([dW[0].T, *dW[1:]], db))
    db[2][1] = np.nan
    with pytest.raises(InputError, match=r"db\[3\] must be finite"):
        gradient_check(network, X, y, gradients=(dW, db))


def test_a_loss_out_of_range():
    network, X, y = problem()
    network.params = ByLayer(Layer(W * 1e300, b) for W, b in network.params)
    with pytest.raises(InputError, match="must be below 1e\\+30"):
        gradient_check(network, X, y)
