"""`Network`: what its docstrings promise, and that no mistake of the caller changes it."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import Dataset, InputError, Network
from chainrule.equations.activations import ACTIVATIONS, Activation

X = np.random.default_rng(0).standard_normal((6, 3))
Y = np.array([0, 1, 1, 0, 1, 0])


def make(layers=(3, 4, 2), **options):
    return Network(layers, **{"seed": 1, **options})


def bits(network):
    """The parameters, to compare bit by bit."""
    return [(theta.dtype, theta.tobytes()) for layer in network.params for theta in layer]


def same(a, b):
    assert all((s == t).all() and s.dtype == t.dtype for s, t in zip(a, b, strict=True))


def refused(function, *parts):
    with pytest.raises(InputError) as caught:
        function()
    message = str(caught.value)
    assert all(part in message for part in parts), message


class TestMaking:
    def test_repr(self):
        network = Network([784, 30, 10], hidden="relu", dtype="float32", seed=0)
        assert repr(network) == "Network(784 → 30 relu → 10 softmax; 23,860 parameters, float32)"
        assert network.n_parameters == 784 * 30 + 30 + 30 * 10 + 10
        assert repr(Network([2, 1], output="sigmoid")) == "Network(2 → 1 sigmoid; 3 parameters, float64)"

    def test_shapes_are_the_texts(self):
        network = make()
        assert network.layers == (3, 4, 2)
        assert [network.W[L].shape for L in (1, 2)] == [(4, 3), (2, 4)]
        assert [network.b[L].shape for L in (1, 2)] == [(4,), (2,)]
        assert network.W[-1] is network.params[2].W

    def test_same_seed_same_bits(self):
        assert bits(make()) == bits(make())
        assert bits(make()) != bits(make(seed=2))
        assert bits(Network([3, 2])) != bits(Network([3, 2]))
        drawn = Network([3, 4, 2])
        assert bits(make(seed=drawn.seed)) == bits(drawn)
        np.testing.assert_array_equal(make(dtype="float32").W[1], make().W[1].astype(np.float32))

    @pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32")])
    def test_dtype(self, dtype):
        network = make(dtype=dtype)
        assert {theta.dtype for layer in network.params for theta in layer} == {np.dtype(np.float32)}
        assert network.predict_proba(X).dtype == np.float32

    @pytest.mark.parametrize("layers", [np.array([3, 4, 2]), (3, 4, 2), [np.int64(3), 4, np.uint8(2)]])
    def test_widths_of_any_kind(self, layers):
        assert make(layers).layers == (3, 4, 2)

    @pytest.mark.parametrize(
        "layers",
        [[784], [], [784, 0, 10], [784, -3, 10], [784.0, 10.0], ["784", "10"], "784", 784, None, [2, True]],
    )
    def test_impossible_layers(self, layers):
        refused(lambda: Network(layers), "two or more whole numbers", f"got {layers!r}", "[784, 30, 10]")

    @pytest.mark.parametrize(
        ("options", "parts"),
        [
            ({"hidden": "rleu"}, ["hidden must be one of sigmoid", "'rleu'", "mean 'relu'?"]),
            ({"hidden": ["relu", "tanh"]}, ["one for each of the 1 hidden layers", "got 2"]),
            ({"output": "sofmax"}, ["output must be one of", "'sofmax'", "mean 'softmax'?"]),
            ({"initializer": "xaver"}, ["initializer must be one of", "mean 'xavier'?"]),
            ({"dtype": "float16"}, ["dtype must be one of float64, float32", "'float16'"]),
            ({"dtype": "int64"}, ["dtype must be one of float64, float32", "'int64'"]),
            ({"seed": -1}, ["seed must be a whole number of 0 or more", "got -1"]),
            ({"seed": 1.5}, ["seed must be", "got 1.5"]),
            ({"seed": "x"}, ["seed must be", "got 'x'"]),
        ],
    )
    def test_impossible_options(self, options, parts):
        refused(lambda: make(**options), *parts)

    def test_a_wrong_activation_is_told_even_without_hidden_layers(self):
        refused(lambda: Network([3, 2], hidden="rleu"), "mean 'relu'?")

    def test_softmax_of_one_output(self):
        refused(lambda: Network([3, 1]), "at least 2 outputs", "got 1", "output='sigmoid'")

    @pytest.mark.parametrize(
        "options",
        [
            {"dtype": "flaot32"},
            {"hidden": None},
            {"hidden": 3},
            {"output": ["softmax"]},
            {"hidden": [["relu"]]},
        ],
        ids=str,
    )
    def test_options_of_an_odd_kind(self, options):
        refused(lambda: make(**options), f"{next(iter(options))} must")

    def test_own_activation(self):
        cube = Activation("cube", lambda xp, z: z**3, lambda xp, z, a: 3 * z**2)
        network = make((3, 2, 2, 2), hidden=[cube, "tanh"])
        assert "2 cube → 2 tanh" in repr(network)
        z = network.forward(X).z[1]
        np.testing.assert_array_equal(network.forward(X).a[1], z**3)

    def test_copies_are_independent(self):
        network = make()
        for clone in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
            assert bits(clone) == bits(network)
            clone.W[1] = 0 * clone.W[1]
            assert bits(clone) != bits(network)


class TestFromParameters:
    def test_takes_the_numbers(self):
        W, b = [[1, 2, 3], [4, 5, 6]], [0.5, -0.5]
        network = Network.from_parameters([(W, b)])
        assert network.layers == (3, 2)
        assert network.W[1].tolist() == W
        assert network.b[1].tolist() == b
        x = np.array([1.0, 0, -1])
        np.testing.assert_array_equal(network.forward(x).z[1][0], np.array(W) @ x + b)

    def test_copies(self):
        W = np.ones((2, 3))
        network = Network.from_parameters([(W, np.zeros(2))])
        W[0, 0] = 9
        assert network.W[1][0, 0] == 1

    @pytest.mark.parametrize("order", [np.asfortranarray, lambda W: np.repeat(W, 2, axis=1)[:, ::2]])
    def test_any_memory_order(self, order):
        W = np.arange(6.0).reshape(2, 3)
        network = Network.from_parameters([(order(W), np.zeros(2))])
        np.testing.assert_array_equal(network.W[1], W)
        same(network.gradients(X, Y).dW, Network.from_parameters([(W, np.zeros(2))]).gradients(X, Y).dW)

    def test_options_pass_through(self):
        network = Network.from_parameters(make().params, hidden="relu", output="sigmoid", dtype="float32")
        assert repr(network).startswith("Network(3 → 4 relu → 2 sigmoid")
        assert network.dtype == np.float32

    @pytest.mark.parametrize(
        ("parameters", "parts"),
        [
            ([], ["pairs (W, b)"]),
            ([(np.ones(3), np.ones(3))], ["W of shape (n_L, n_{L-1})"]),
            ([(np.ones((2, 3)), np.ones(3))], ["layer 1", "shape (2,)", "got (3,)"]),
            ([(np.ones((2, 3)), np.ones(2)), (np.ones((2, 3)), np.ones(2))], ["layer 2", "(2, 2)", "(2, 3)"]),
        ],
    )
    def test_impossible(self, parameters, parts):
        refused(lambda: Network.from_parameters(parameters), *parts)

    @pytest.mark.parametrize("parameters", [[1, 2], [([["a", "b"]] * 2, [0, 0])]], ids=["numbers", "text"])
    def test_of_an_odd_kind(self, parameters):
        with pytest.raises(InputError):
            Network.from_parameters(parameters)


class TestParameters:
    def test_assignment_copies_into_the_layer(self):
        network, new = make(), np.arange(12.0).reshape(4, 3)
        network.W[1] = new
        network.b[-1] = [7, 8]
        new[0, 0] = 99
        assert network.W[1].tolist() == np.arange(12.0).reshape(4, 3).tolist()
        assert network.b[2].tolist() == [7, 8]
        assert network.forward(np.zeros(3)).z[1].tolist() == [network.b[1].tolist()]

    def test_float32_stays(self):
        network = make(dtype="float32")
        network.W[1] = np.ones((4, 3))
        assert network.W[1].dtype == np.float32

    @pytest.mark.parametrize("new", [np.ones((3, 4)), np.ones(12), 0, None, [[1]]])
    def test_wrong_shape_changes_nothing(self, new):
        network = make()
        before = bits(network)
        refused(lambda: network.W.__setitem__(1, new), "layer 1 must have shape (4, 3)", "got (")
        assert bits(network) == before

    @pytest.mark.parametrize("L", [0, 3, -3])
    def test_no_such_layer(self, L):
        network = make()
        for use in (lambda: network.W[L], lambda: network.b.__setitem__(L, 0)):
            with pytest.raises(IndexError, match=f"layers here are numbered 1 to 2; got {L}"):
                use()

    def test_nan(self):
        refused(lambda: make().W.__setitem__(1, np.full((4, 3), np.nan)), "finite")

    def test_text(self):
        refused(lambda: make().W.__setitem__(1, np.full((4, 3), "a")), "numbers")


class TestForwardAndBackward:
    def test_numbering(self):
        z, a = make().forward(X)
        assert [len(z), len(a)] == [2, 3]
        assert a[0].tolist() == X.tolist()
        assert a[-1] is a[2]
        assert z[-2] is z[1]
        with pytest.raises(IndexError, match="numbered 1 to 2; got 0"):
            z[0]
        with pytest.raises(IndexError, match="numbered 0 to 2; got 3"):
            a[3]

    def test_one_sample_in_every_shape(self):
        network = make()
        outputs = [network.forward(x).a[2] for x in (X[0], X[:1], X[0][:, None], X[0].tolist())]
        assert outputs[0].shape == (1, 2)
        same(outputs, [outputs[0]] * 4)

    def test_by_hand(self):
        network = make(hidden="tanh")
        W, b = network.W, network.b
        z1 = W[1] @ X[0] + b[1]
        z2 = W[2] @ np.tanh(z1) + b[2]
        a2 = np.exp(z2) / np.exp(z2).sum()
        delta2 = a2 - np.eye(2)[Y[0]]
        delta1 = W[2].T @ delta2 * (1 - np.tanh(z1) ** 2)
        g = network.backward(network.forward(X[0]), Y[0])
        near = {"rtol": 1e-12, "atol": 1e-14}
        np.testing.assert_allclose(network.predict_proba(X[0])[0], a2, **near)
        np.testing.assert_allclose(g.delta[2][0], delta2, **near)
        np.testing.assert_allclose(g.delta[1][0], delta1, **near)
        np.testing.assert_allclose(g.dW[2], np.outer(delta2, np.tanh(z1)), **near)
        np.testing.assert_allclose(g.dW[1], np.outer(delta1, X[0]), **near)
        np.testing.assert_allclose(g.db[1], delta1, **near)
        assert network.loss(X[0], Y[0]) == pytest.approx(-np.log(a2[Y[0]]))

    @pytest.mark.parametrize("output", ["softmax", "sigmoid", "quadratic"])
    def test_gradients_is_forward_and_backward(self, output):
        network = make(output=output)
        options = {"sample_weight": [1, 2, 0, 1, 0.5, 1], "l1": 0.1, "l2": 0.2}
        g, h = network.gradients(X, Y, **options), network.backward(network.forward(X), Y, **options)
        for a, b in zip(g, h, strict=True):
            same(a, b)

    @pytest.mark.parametrize("output", ["softmax", "sigmoid", "quadratic"])
    def test_targets_in_every_form_have_the_same_bits(self, output):
        network = make(output=output)
        reference = network.gradients(X, Y)
        hot = np.eye(2)[Y]
        for y in (Y.tolist(), Y[:, None], hot, hot.astype(np.uint8), Y.astype(np.float32)):
            same(network.gradients(X, y).dW, reference.dW)
            assert network.loss(X, y) == network.loss(X, Y)

    def test_rows_of_delta_carry_1_over_N(self):
        network = make()
        whole = network.gradients(X, Y)
        for i in range(len(X)):
            single = network.gradients(X[i], Y[i])
            for L in (1, 2):
                np.testing.assert_allclose(whole.delta[L][i], single.delta[L][0] / 6, rtol=1e-10, atol=1e-14)

    @given(scale=st.floats(1e-3, 1e3))
    def test_only_ratios_of_weights_matter(self, scale):
        network, w = make(), np.arange(6.0)
        np.testing.assert_allclose(
            network.gradients(X, Y, sample_weight=scale * w).dW[1],
            network.gradients(X, Y, sample_weight=w).dW[1],
            rtol=1e-10,
        )

    def test_weights_are_repetitions(self):
        network, w = make(), np.array([2, 1, 0, 3, 1, 1])
        rows = np.repeat(np.arange(6), w)
        a, b = network.gradients(X, Y, sample_weight=w), network.gradients(X[rows], Y[rows])
        np.testing.assert_allclose(a.dW[1], b.dW[1], rtol=1e-12)
        np.testing.assert_allclose(a.db[2], b.db[2], rtol=1e-12)

    def test_penalties_are_added_to_weights_alone(self):
        network = make()
        plain, g = network.gradients(X, Y), network.gradients(X, Y, l1=0.1, l2=0.2)
        for L in (1, 2):
            W = network.W[L]
            np.testing.assert_allclose(g.dW[L], plain.dW[L] + 0.1 * np.sign(W) + 0.2 * W, rtol=1e-12)
            np.testing.assert_array_equal(g.db[L], plain.db[L])
        extra = sum(0.1 * np.abs(W).sum() + 0.1 * (W**2).sum() for W in network.W)
        assert network.loss(X, Y, l1=0.1, l2=0.2) == pytest.approx(network.loss(X, Y) + extra)

    @pytest.mark.parametrize("activation", ACTIVATIONS)
    def test_float32_throughout(self, activation):
        network = make(hidden=activation, dtype="float32")
        z, a = network.forward(X)
        g = network.gradients(X, Y, l1=0.1, l2=0.2, sample_weight=np.ones(6))
        assert {t.dtype for part in (z, a, *g) for t in part} == {np.dtype(np.float32)}


class TestGradientDescent:
    def test_is_the_mean_over_samples(self):
        """W ← W − η/N Σ ∂J/∂W with the gradients of the samples one by one."""
        network, eta = make(hidden="tanh"), 0.3
        single = [network.gradients(x, y) for x, y in zip(X, Y, strict=True)]
        before = copy.deepcopy(network)
        value = network.gradient_descent((X, Y), eta)
        assert value == pytest.approx(before.loss(X, Y), rel=1e-14)
        for L in (1, 2):
            W = before.W[L] - eta / 6 * sum(g.dW[L] for g in single)
            b = before.b[L] - eta / 6 * sum(g.db[L] for g in single)
            np.testing.assert_allclose(network.W[L], W, rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(network.b[L], b, rtol=1e-12, atol=1e-14)
        assert network.loss(X, Y) < value

    def test_pairs_of_columns_have_the_same_bits(self):
        arrays, columns, numbers = make(), make(), make()
        hot = np.eye(2)[Y]
        values = {
            arrays.gradient_descent((X, Y), 0.5),
            columns.gradient_descent([(x[:, None], y[:, None]) for x, y in zip(X, hot, strict=True)], 0.5),
            numbers.gradient_descent([(x[:, None], k) for x, k in zip(X, Y, strict=True)], 0.5),
        }
        assert len(values) == 1
        assert bits(arrays) == bits(columns) == bits(numbers)

    def test_pairs_of_a_data_set(self):
        data = Dataset(X.astype(np.float32), Y, ("a", "b"))
        one, other = make(dtype="float32"), make(dtype="float32")
        one.gradient_descent(data.pairs(), 0.5)
        other.gradient_descent((data.X, data.y), 0.5)
        assert bits(one) == bits(other)

    @pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
    def test_impossible_rates(self, rate):
        network = make()
        before = bits(network)
        refused(
            lambda: network.gradient_descent((X, Y), rate), "learning_rate must be above 0", f"got {rate}"
        )
        assert bits(network) == before

    @pytest.mark.parametrize("rate", ["0.5", None, 1j])
    def test_rates_that_are_no_numbers(self, rate):
        refused(lambda: make().gradient_descent((X, Y), rate), "learning_rate must")

    def test_float32_survives_a_numpy_rate(self):
        network = make(dtype="float32")
        network.gradient_descent((X, Y), np.float64(0.5))
        assert network.W[1].dtype == np.float32

    @pytest.mark.parametrize(
        ("batch", "parts"),
        [
            ((X[:, :2], Y), ["X must have 3 columns", "got shape (6, 2)"]),
            ((np.where(X[4, 1] == X, np.nan, X), Y), ["finite", "row 4, column 1"]),
            ((np.where(X[2, 0] == X, np.inf, X), Y), ["finite", "row 2, column 0"]),
            ((X, [0, 1, 1, 2, 1, 0]), ["0…1 for 2 outputs", "got 2 at row 3"]),
            ((X, [0, 1, 1, -1, 1, 0]), ["got -1 at row 3"]),
            ((X, [0, 1, 1, 0.5, 1, 0]), ["got 0.5 at row 3"]),
            ((X, list("abcdef")), ["'a'"]),
            ((X, Y[:5]), ["got 6 in X and 5 in y"]),
            ((X[:0], Y[:0]), ["at least one sample"]),
            ((X, np.ones((6, 2))), ["sum to 1", "output='sigmoid'"]),
            ([], ["at least one sample"]),
            (X, ["a pair (X, y)"]),
        ],
    )
    def test_a_bad_mini_batch_changes_nothing(self, batch, parts):
        network = make()
        before = bits(network)
        refused(lambda: network.gradient_descent(batch, 0.5), *parts)
        assert bits(network) == before


class TestPredicting:
    def test_single_label(self):
        network = make((3, 5, 4))
        p = network.predict_proba(X)
        assert p.shape == (6, 4)
        np.testing.assert_allclose(p.sum(axis=1), 1)
        assert network.predict(X).tolist() == p.argmax(axis=1).tolist()
        assert network.predict(X).dtype == np.int64
        assert network.predict(X[0]).shape == (1,)
        assert not network.multi_label

    @pytest.mark.parametrize("output", ["sigmoid", "quadratic"])
    def test_one_output(self, output):
        network = make((3, 1), output=output)
        p = network.predict_proba(X)
        assert p.shape == (6, 1)
        assert network.predict(X).tolist() == (p > 0.5).astype(int).tolist()
        result = network.evaluate(X, Y)
        assert result.accuracy == np.mean((p[:, 0] > 0.5) == Y)
        assert result.loss == pytest.approx(network.loss(X, Y))

    def test_several_labels(self):
        network = make((3, 4), output="sigmoid")
        y = (np.random.default_rng(2).random((6, 4)) > 0.5).astype(int)
        p = network.predict_proba(X)
        assert network.multi_label
        assert network.predict(X).tolist() == (p > 0.5).astype(int).tolist()
        result = network.evaluate(X, y)
        assert result.hamming_loss == np.mean((p > 0.5) != y)
        assert result.loss == pytest.approx(network.loss(X, y))
        assert result.loss_name == "multi-label cross-entropy"

    def test_quadratic_of_several_outputs_is_single_label(self):
        network = make(output="quadratic")
        assert network.predict(X).tolist() == network.predict_proba(X).argmax(axis=1).tolist()
        assert network.evaluate(X, Y).accuracy == np.mean(network.predict(X) == Y)

    @pytest.mark.parametrize(
        "data",
        [
            lambda: (X, Y),
            lambda: ((X, Y),),
            lambda: (X, np.eye(2)[Y]),
            lambda: ([(x[:, None], k) for x, k in zip(X, Y, strict=True)],),
            lambda: (Dataset(X, Y, ("0", "1")),),
        ],
        ids=["X y", "pair", "one-hot", "columns", "Dataset"],
    )
    def test_evaluate_takes_data_in_every_form(self, data):
        network = make()
        result = network.evaluate(*data())
        assert result.accuracy == np.mean(network.predict(X) == Y)
        assert result.loss == pytest.approx(network.loss(X, Y), rel=1e-12)
        assert result.classes == ("0", "1")
        assert str(result).startswith("accuracy ")

    def test_evaluate_in_chunks(self, monkeypatch):
        network = make()
        network.engine = "reference"
        whole = network.evaluate(X, Y)
        monkeypatch.setattr("chainrule.engines.reference.CHUNK", 4)
        parts = network.evaluate(X, Y)
        assert parts.loss == pytest.approx(whole.loss, rel=1e-14)
        assert parts.predicted.tolist() == whole.predicted.tolist()

    def test_nothing_here_changes_the_network(self):
        network = make()
        before = bits(network)
        network.forward(X), network.gradients(X, Y), network.loss(X, Y)
        network.predict(X), network.evaluate(X, Y)
        assert bits(network) == before

    @pytest.mark.parametrize("method", ["forward", "predict", "predict_proba"])
    def test_wrong_width(self, method):
        refused(
            lambda: getattr(make(), method)(np.zeros((2, 5))), "X must have 3 columns", "got shape (2, 5)"
        )

    def test_data_set_of_other_classes(self):
        data = Dataset(X, Y, ("a", "b", "c"), name="abc")
        refused(lambda: make().evaluate(data), "'abc'", "3", "it has 2")
        refused(lambda: make().evaluate(Dataset(X, Y, ("a", "b")), Y), "y must be left out")

    def test_data_set_of_several_labels_under_softmax(self):
        data = Dataset(X, np.ones((6, 2), np.uint8), ("a", "b"))
        refused(lambda: make().evaluate(data), "several labels", "output='softmax'", "output='sigmoid'")

    def test_one_output_for_a_data_set_of_two_classes(self):
        data = Dataset(X, Y, ("no", "yes"))
        network = make((3, 1), output="sigmoid")
        network.fit(data, epochs=1, progress=False)
        assert network.evaluate(data).n == 6
