"""`Network.from_keras`: the same outputs, or a refusal that names the layer, with any KERAS_BACKEND."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from chainrule import InputError, Network
from chainrule.equations.heads import pos_weighted

keras = pytest.importorskip(
    "keras",
    reason="needs the package keras, which is in no lock, and its backend (KERAS_BACKEND=jax or torch)",
)
layers, ops = keras.layers, keras.ops
Dense = layers.Dense

pytestmark = [pytest.mark.filterwarnings(f"ignore::{kind}") for kind in ("DeprecationWarning", "UserWarning")]

X = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32) * 3


@pytest.fixture(autouse=True)
def _same_weights():
    keras.utils.set_random_seed(0)


def outputs(model, x=X):
    return np.asarray(keras.ops.convert_to_numpy(model(x, training=False)), np.float64)


def chain(*middle, end=(), n=(3,)):
    return keras.Sequential([keras.Input(n), Dense(6), *middle, Dense(4), *end])


def trained(model):
    """With weights, means, variances and slopes that are not those of the beginning."""
    rng = np.random.default_rng(1)
    for weight in model.weights:
        low, high = (0.5, 2) if "variance" in weight.path else (-0.6, 0.6)
        if "seed" not in weight.path and "count" not in weight.path:
            weight.assign(rng.uniform(low, high, size=weight.shape))
    return model


ACTIVATIONS = {
    "relu": "relu",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "elu": "elu",
    "softplus": "softplus",
    "silu": "silu",
    "gelu": "gelu",
    "hard_silu": "hardswish",
    "linear": "identity",
    "mish": "z*tanh(softplus(z))",
    "softsign": "z/(1 + abs(z))",
    "relu6": "min(max(z, 0), 6)",
    "hard_sigmoid": "min(max(z/6 + 0.5, 0), 1)",
    "hard_tanh": "min(max(z, -1), 1)",
    "leaky_relu": "max(z, 0) + (0.2)*min(z, 0)",
    "log_sigmoid": "-softplus(-z)",
    "squareplus": "(z + sqrt(z**2 + 4))/2",
    "selu": "1.0507009873554805*(max(z, 0) + 1.6732632423543772*(exp(min(z, 0)) - 1))",
}


@pytest.mark.parametrize(("name", "ours"), ACTIVATIONS.items(), ids=ACTIVATIONS)
@pytest.mark.parametrize("form", ["name", "layer"])
def test_every_activation(name, ours, form):
    if not hasattr(keras.activations, name):
        pytest.skip(f"this Keras has no {name}")
    parts = [Dense(5, name)] if form == "name" else [Dense(5), layers.Activation(name)]
    model = trained(keras.Sequential([keras.Input((3,)), *parts, Dense(4)]))
    network = Network.from_keras(model)
    assert network.layers == (3, 5, 4)
    assert network.hidden[1].name == ours
    assert np.abs(network.logits(X) - outputs(model)).max() < 1e-5


CALLABLES = {
    "relu of six": (lambda z: ops.minimum(ops.relu(z), 6), "min(max(z, 0), 6)"),
    "gelu by tanh": (lambda z: keras.activations.gelu(z, approximate=True), None),
    "swish by hand": (lambda z: z * ops.sigmoid(z), "silu"),
    "slope": (lambda z: keras.activations.leaky_relu(z, 0.01), "leaky_relu"),
    "elu of α": (lambda z: keras.activations.elu(z, 0.5), "max(z, 0) + (0.5)*(exp(min(z, 0)) - 1)"),
    "a layer": (layers.LeakyReLU(negative_slope=0.3), "max(z, 0) + (0.3)*min(z, 0)"),
}


@pytest.mark.parametrize(("phi", "ours"), CALLABLES.values(), ids=CALLABLES)
def test_callables(phi, ours):
    model = trained(keras.Sequential([keras.Input((3,)), Dense(5, activation=phi), Dense(4)]))
    network = Network.from_keras(model)
    assert ours is None or network.hidden[1].name == ours
    assert np.abs(network.logits(X) - outputs(model)).max() < 1e-5


def test_a_limit_beyond_what_small_weights_reach_is_seen():
    """relu6 is relu on all rows here: the activation is asked by itself."""
    model = keras.Sequential(
        [
            keras.Input((3,)),
            Dense(5, kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3)),
            layers.ReLU(6.0),
            Dense(2),
        ]
    )
    assert Network.from_keras(model).hidden[1].name == "min(max(z, 0), 6)"


@pytest.mark.parametrize(
    ("end", "given", "head"),
    [
        ([], None, "softmax"),
        ([], "sigmoid", "sigmoid"),
        (["softmax"], None, "softmax"),
        (["sigmoid"], None, "sigmoid"),
        (["sigmoid"], "quadratic", "quadratic"),
        (["sigmoid"], pos_weighted(2.0), "pos-weighted sigmoid"),
        (["log_softmax"], None, "softmax"),
        (["softmax"], "softmax", "softmax"),
    ],
    ids=str,
)
@pytest.mark.parametrize("within", [True, False])
def test_the_head_is_found_or_given(end, given, head, within):
    name = end[0] if end else None
    last = [Dense(2, name)] if within else [Dense(2), layers.Activation(name)]
    model = trained(keras.Sequential([keras.Input((3,)), Dense(4, "tanh"), *last]))
    network = Network.from_keras(model, output=given)
    assert network.head.name == head
    if end == ["log_softmax"]:
        assert np.abs(np.log(network.predict_proba(X)) - outputs(model)).max() < 1e-5
    elif end:
        assert np.abs(network.predict_proba(X) - outputs(model)).max() < 1e-6


def test_one_sigmoid_output():
    model = trained(keras.Sequential([keras.Input((3,)), Dense(4, "relu"), Dense(1, "sigmoid")]))
    network = Network.from_keras(model)
    assert np.abs(network.predict_proba(X).reshape(-1, 1) - outputs(model)).max() < 1e-6


def functional():
    x = keras.Input((3,))
    h = layers.BatchNormalization()(Dense(6, use_bias=False)(x))
    h = layers.Dropout(0.5)(ops.relu(h))
    return keras.Model(x, Dense(4)(layers.Identity()(h)))


class Block(layers.Layer):
    """A layer of one's own with layers inside."""

    def __init__(self, n):
        super().__init__()
        self.dense, self.norm = Dense(n), layers.BatchNormalization()

    def build(self, shape):
        self.dense.build(shape)
        self.norm.build((None, self.dense.units))
        self.built = True

    def call(self, x, training=None):
        return ops.tanh(self.norm(self.dense(x), training=training))


class Net(keras.Model):
    """A model as most people write it."""

    def __init__(self):
        super().__init__()
        self.block, self.drop, self.last = Block(6), layers.Dropout(0.5), Dense(4)

    def call(self, x):
        return self.last(self.drop(self.block(x)))


class Scaling(layers.Layer):
    """A line for each column, of one's own."""

    def build(self, shape):
        self.by = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, x):
        return x * self.by + 0.5


class Named:
    class Dense(layers.Dense):
        """Of one's own, and the same."""


def net():
    model = Net()
    model(X)
    return model


def adapted():
    normalization = layers.Normalization()
    normalization.adapt(X * 2 + 1)
    return keras.Sequential([keras.Input((3,)), normalization, Dense(6, "relu"), Dense(4)])


def with_lora():
    model = keras.Sequential([keras.Input((3,)), Dense(6, "relu"), Dense(4)])
    model.layers[0].enable_lora(2)
    return model


def later():
    model = keras.Sequential([Dense(6, "relu"), Dense(4)])
    model(X)
    return model


FOLDED = {
    "BatchNormalization behind": lambda: chain(layers.BatchNormalization(), layers.ReLU()),
    "BatchNormalization in front": lambda: keras.Sequential(
        [keras.Input((3,)), layers.BatchNormalization(), Dense(6, "relu"), Dense(4)]
    ),
    "BatchNormalization behind the activation": lambda: chain(layers.ReLU(), layers.BatchNormalization()),
    "BatchNormalization at the end": lambda: chain(layers.ReLU(), end=[layers.BatchNormalization()]),
    "BatchNormalization without γ, β": lambda: chain(
        layers.BatchNormalization(center=False, scale=False), layers.ReLU()
    ),
    "Rescaling": lambda: chain(layers.Rescaling(2.0, -1.0), layers.ReLU()),
    "Rescaling twice": lambda: chain(layers.Rescaling(2.0), layers.Rescaling(0.5, 1.0), layers.ReLU()),
    "Normalization": adapted,
    "PReLU": lambda: chain(layers.PReLU()),
    "PReLU, shared": lambda: chain(layers.PReLU(shared_axes=[1])),
    "ReLU with a slope": lambda: chain(layers.ReLU(negative_slope=0.1)),
    "LeakyReLU": lambda: chain(layers.LeakyReLU()),
    "ELU of α": lambda: chain(layers.ELU(alpha=0.7)),
    "noise": lambda: chain(layers.GaussianNoise(1.0), layers.ReLU(), layers.GaussianDropout(0.5)),
    "nested": lambda: chain(keras.Sequential([layers.ReLU(), keras.Sequential([Dense(5), layers.ReLU()])])),
    "functional": functional,
    "functional inside": lambda: keras.Sequential([keras.Input((3,)), functional(), layers.ReLU(), Dense(2)]),
    "a model of one's own": net,
    "a block of one's own": lambda: keras.Sequential([keras.Input((3,)), Block(6), Dense(4)]),
    "a line of one's own": lambda: chain(Scaling(), layers.ReLU(), end=[Scaling()]),
    "a Dense of one's own": lambda: keras.Sequential([keras.Input((3,)), Named.Dense(6, "tanh"), Dense(4)]),
    "a constraint": lambda: keras.Sequential(
        [keras.Input((3,)), Dense(6, "tanh", kernel_constraint=keras.constraints.MaxNorm(1.0)), Dense(4)]
    ),
    "LoRA": with_lora,
    "built by a call": later,
    "one layer": lambda: keras.Sequential([keras.Input((3,)), Dense(4)]),
    "two in a row": lambda: chain(),
    "Flatten": lambda: keras.Sequential([keras.Input((3,)), layers.Flatten(), Dense(6, "relu"), Dense(4)]),
    "SpectralNormalization": lambda: keras.Sequential(
        [keras.Input((3,)), layers.SpectralNormalization(Dense(6, "relu")), Dense(4)]
    ),
}


@pytest.mark.parametrize("make", FOLDED.values(), ids=FOLDED)
def test_what_is_folded(make):
    model = trained(make())
    kinds, before = list(map(type, model._flatten_layers())), outputs(model)
    network = Network.from_keras(model)
    assert np.abs(network.logits(X) - before).max() < 1e-5 * max(1, np.abs(before).max())
    assert list(map(type, model._flatten_layers())) == kinds
    assert np.array_equal(outputs(model), before)


def test_a_single_dense_layer():
    dense = Dense(4)
    dense.build((None, 3))
    assert np.abs(Network.from_keras(dense).logits(X) - outputs(dense)).max() < 1e-6


def test_the_same_layer_twice():
    x, dense = keras.Input((3,)), Dense(3, "tanh")
    model = trained(keras.Model(x, Dense(2)(dense(dense(x)))))
    network = Network.from_keras(model)
    assert network.layers == (3, 3, 3, 2)
    assert np.abs(network.logits(X) - outputs(model)).max() < 1e-5


def test_pictures_are_rows_of_pixels():
    model = keras.Sequential(
        [
            keras.Input((4, 2, 3)),
            layers.Rescaling(1 / 255),
            layers.BatchNormalization(),
            layers.Flatten(),
            Dense(5, "relu"),
            Dense(2),
        ]
    )
    trained(model)
    x = np.random.default_rng(0).uniform(0, 255, size=(9, 4, 2, 3))
    assert np.abs(Network.from_keras(model).logits(x.reshape(9, -1)) - outputs(model, x)).max() < 1e-5


def test_dropout_that_predict_turns_off():
    """training=True in a functional model holds for model(x); `predict` gives all layers training=False."""
    x = keras.Input((3,))
    model = keras.Model(x, Dense(2)(layers.Dropout(0.5)(Dense(5, "relu")(x), training=True)))
    network = Network.from_keras(model)
    assert np.abs(network.logits(X) - model.predict(X, verbose=0)).max() < 1e-5


def test_slopes_of_many_double_the_layer():
    network = Network.from_keras(trained(chain(layers.PReLU())))
    assert network.layers == (3, 12, 4)
    assert network.hidden[1].name == "relu"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
def test_half_precision_becomes_single(policy):
    model = keras.Sequential([keras.Input((3,)), Dense(6, "gelu", dtype=policy), Dense(4, dtype=policy)])
    network = Network.from_keras(model)
    assert network.dtype == np.float32
    assert np.array_equal(network.W[1], ops.convert_to_numpy(model.layers[0].kernel).astype(np.float32).T)


def test_double_precision_is_kept(request):
    if keras.backend.backend() == "jax":
        pytest.skip("JAX has float64 where jax_enable_x64 is set, for the whole process")
    for policy in (keras.config.set_floatx, keras.config.set_dtype_policy):
        request.addfinalizer(partial(policy, "float32"))
        policy("float64")
    model = keras.Sequential([keras.Input((3,)), Dense(6, "relu"), layers.BatchNormalization(), Dense(4)])
    network = Network.from_keras(trained(model))
    assert network.dtype == np.float64
    assert np.array_equal(network.W[1], ops.convert_to_numpy(model.layers[0].kernel).T)
    rounding = np.finfo(keras.backend.result_type("float64", "float64")).eps
    assert np.abs(network.logits(X) - outputs(model)).max() < 100 * rounding


class Half:
    class Dense(layers.Dense):
        """Of one's own, with the name of Keras's."""

        def call(self, x, training=None):
            return 0.5 * super().call(x)


class Slightly(layers.Dense):
    def call(self, x, training=None):
        return super().call(x) + 0.001


class Raw(layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 6))

    def call(self, x):
        return ops.matmul(x, self.w)


def residual():
    x = keras.Input((3,))
    h = Dense(3, "tanh")(x)
    return keras.Model(x, Dense(2)(h + x))


def two_ways():
    x = keras.Input((3,))
    return keras.Model(x, layers.Add()([Dense(3)(x), Dense(3)(x)]))


def two_outputs():
    x = keras.Input((3,))
    return keras.Model(x, [Dense(3)(x), Dense(2)(x)])


def two_inputs():
    x, y = keras.Input((3,)), keras.Input((3,))
    return keras.Model([x, y], Dense(2)(layers.Concatenate()([x, y])))


class Always(keras.Model):
    def __init__(self, layer):
        super().__init__()
        self.dense, self.layer, self.last = Dense(5, "relu"), layer, Dense(2)

    def call(self, x):
        return self.last(self.layer(self.dense(x), training=True))


def always(layer):
    model = Always(layer)
    model(X)
    return model


def quantised():
    model = keras.Sequential([keras.Input((8,)), Dense(16, "relu"), Dense(4)])
    model.quantize("int8")
    return model


def replaced():
    model = chain(layers.ReLU())
    model.layers[0].call = lambda x, training=None: ops.zeros((len(x), 6))
    return model


def filled(number):
    model = chain(layers.ReLU())
    model.layers[0].kernel.assign(np.full((3, 6), number))
    return model


REFUSED = {
    "Softmax over samples": (
        lambda: chain(layers.ReLU(), end=[layers.Softmax(axis=0)]),
        "Softmax 'softmax.*runs over the samples",
    ),
    "softmax of one": (
        lambda: keras.Sequential([keras.Input((3,)), Dense(1, "softmax")]),
        "softmax of an output alone is always 1",
    ),
    "softmax inside": (lambda: chain(layers.Softmax()), "must stand behind the last layer"),
    "a class named Dense": (
        lambda: keras.Sequential([keras.Input((3,)), Half.Dense(4)]),
        r"got Dense 'dense.*': it does something else than its weights say: in row \d+ of .* is .* away",
    ),
    "a little more": (lambda: keras.Sequential([keras.Input((3,)), Slightly(4)]), "Slightly.* is 0.001 away"),
    "a method replaced": (replaced, "does something else than its weights say"),
    "weights of one's own": (
        lambda: keras.Sequential([keras.Input((3,)), Raw(), Dense(4)]),
        "got Raw 'raw.*': it makes shape",
    ),
    "an activation of one's own": (
        lambda: chain(layers.Activation(ops.sin)),
        "Activation 'activation.*: it is no activation",
    ),
    "in Dense": (
        lambda: keras.Sequential([keras.Input((3,)), Dense(6, activation=ops.sin), Dense(4)]),
        "the activation of Dense 'dense.*: it is no activation",
    ),
    "LayerNormalization": (
        lambda: chain(layers.LayerNormalization()),
        "LayerNormalization 'layer_norm.*no activation",
    ),
    "BatchNormalization of batches": (
        lambda: always(layers.BatchNormalization()),
        "BatchNormalization.*something else",
    ),
    "dropout that always drops": (lambda: always(layers.Dropout(0.5)), "Dropout 'dropout.*no activation"),
    "Dense on pictures": (
        lambda: keras.Sequential([keras.Input((4, 3)), Dense(6), layers.Flatten(), Dense(2)]),
        r"rows \(N, 3\); it is given shape \(256, 4, 3\)",
    ),
    "Conv2D": (
        lambda: keras.Sequential([keras.Input((4, 4, 1)), layers.Conv2D(2, 3), layers.Flatten(), Dense(2)]),
        "Conv2D 'conv2d.*makes shape",
    ),
    "Permute": (
        lambda: keras.Sequential([keras.Input((4, 3)), layers.Permute((2, 1)), layers.Flatten(), Dense(2)]),
        "Permute 'permute",
    ),
    "a shortcut": (residual, "what comes between Dense 'dense.* and Dense 'dense.*: it is no activation"),
    "two ways": (two_ways, "what comes between|must take one array"),
    "two outputs": (two_outputs, "what comes between|must be one array"),
    "two inputs": (two_inputs, "with 2 inputs"),
    "quantised": (quantised, r"Dense 'dense.*': its weights are quantised \(int8\)"),
    "two activations": (
        lambda: chain(layers.ReLU(), layers.Activation("tanh")),
        "it stands where a layer of weights must",
    ),
    "an activation at the end": (
        lambda: chain(layers.ReLU(), end=[layers.ReLU()]),
        "it stands behind the last",
    ),
    "nothing": (lambda: keras.Sequential([keras.Input((3,)), layers.Flatten()]), "got None"),
    "NaN": (lambda: filled(np.nan), "Dense 'dense.*': its weights must be finite"),
    "not built": (lambda: keras.Sequential([Dense(2)]), "Sequential 'sequential.* is not built"),
    "no shape": (
        lambda: keras.Sequential([keras.Input((None, 3)), Dense(2)]),
        "shape of a sample must be known",
    ),
    "whole numbers": (lambda: keras.Sequential([keras.Input((3,), dtype="int32"), Dense(2)]), "takes int32"),
    "a file": (lambda: "model.keras", "must be given a model of Keras 3; got str"),
    "weights": (lambda: chain(layers.ReLU()).get_weights(), "got list"),
}


@pytest.mark.parametrize(("make", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(make, why):
    model = make()
    with pytest.raises(InputError, match=why):
        Network.from_keras(model)


class Cut(keras.Model):
    """The answer is cut where it is large: behind all layers, and beyond what small rows reach."""

    def __init__(self):
        super().__init__()
        self.dense = Dense(4)

    def call(self, x):
        return self.dense(x)

    def __call__(self, *args, **kwargs):
        return super().__call__(*args, **kwargs) * (1 + self.bent)


def test_outputs_are_compared_whatever_the_layers_say(monkeypatch):
    """Every check before is passed: the model bends its answers after it was asked."""
    monkeypatch.setattr("chainrule.exchange.probing.Recorder.parts", _bend(Cut))
    model = Cut()
    Cut.bent = 0.0
    model(X)
    with pytest.raises(InputError, match=r"they differ by .* in row \d+, output \d: .* there, .* here"):
        Network.from_keras(model)


def _bend(kind):
    from chainrule.exchange.probing import Recorder

    original = Recorder.parts

    def parts(self, *args):
        yield from original(self, *args)
        kind.bent = 0.01

    return parts


def test_a_head_that_contradicts_the_end():
    model = keras.Sequential([keras.Input((2,)), Dense(2, "softmax")])
    with pytest.raises(InputError, match="output must be 'softmax'"):
        Network.from_keras(model, output="sigmoid")


def test_layers_are_as_before_though_the_model_fails():
    model = chain(layers.ReLU())
    model.layers[1].call = lambda x: 1 / 0
    with pytest.raises(InputError, match="it raised ZeroDivisionError"):
        Network.from_keras(model)
    assert type(model.layers[0]) is Dense


def test_a_subclass_comes_as_itself():
    class Mine(Network):
        pass

    assert type(Mine.from_keras(chain(layers.ReLU()))) is Mine


def test_a_trained_model_predicts_alike():
    X, y = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32), np.arange(200) % 4
    model = chain(layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.1), end=[layers.Softmax()])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, y, epochs=2, verbose=0)
    network = Network.from_keras(model)
    assert np.abs(network.predict_proba(X) - model.predict(X, verbose=0)).max() < 1e-5
    assert network.fit(X, y, epochs=1) is not None
