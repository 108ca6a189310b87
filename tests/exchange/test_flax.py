"""`Network.from_flax`: the same outputs, or a refusal that names the layer; of Linen and of NNX."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule import InputError, Network

pytest.importorskip("flax", reason="needs the package flax, which is in no lock")
jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")
nn = pytest.importorskip("flax.linen")
nnx = pytest.importorskip("flax.nnx")
train_state = pytest.importorskip("flax.training.train_state")
optax = pytest.importorskip("optax")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

X = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32) * 3


def filled(tree):
    """With weights, means, variances and slopes that are not those of the beginning."""
    rng = np.random.default_rng(1)

    def one(path, leaf):
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            return leaf
        low, high = (0.5, 2) if "var" in str(path[-1]) or "var" in str(path[-2:]) else (-0.6, 0.6)
        return jnp.asarray(rng.uniform(low, high, size=leaf.shape), leaf.dtype)

    return jax.tree_util.tree_map_with_path(one, tree)


def linen(module, **call):
    """The module, its variables, and what it predicts."""
    variables = filled(module.init(jax.random.key(0), X, **call))
    return module, variables, np.asarray(module.apply(variables, X, **call))


def of(module):
    """An NNX module with other weights than those of the beginning, and what it predicts."""
    nnx.update(module, filled(nnx.state(module, nnx.Not(nnx.RngState))))
    module.eval()
    expected = np.asarray(module(X))
    module.train()
    return module, expected


def rngs():
    return nnx.Rngs(0)


ACTIVATIONS = {
    "relu": "relu",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "elu": "elu",
    "softplus": "softplus",
    "silu": "silu",
    "hard_swish": "hardswish",
    "identity": "identity",
    "soft_sign": "z/(1 + abs(z))",
    "relu6": "min(max(z, 0), 6)",
    "hard_sigmoid": "min(max(z/6 + 0.5, 0), 1)",
    "hard_tanh": "min(max(z, -1), 1)",
    "leaky_relu": "leaky_relu",
    "log_sigmoid": "-softplus(-z)",
    "squareplus": "(z + sqrt(z**2 + 4))/2",
    "mish": "z*tanh(softplus(z))",
    "selu": "1.0507009873554805*(max(z, 0) + 1.6732632423543772*(exp(min(z, 0)) - 1))",
}


@pytest.mark.parametrize(("name", "ours"), ACTIVATIONS.items(), ids=ACTIVATIONS)
def test_every_activation(name, ours):
    phi = getattr(jax.nn, name)
    module, variables, expected = linen(nn.Sequential([nn.Dense(5), phi, nn.Dense(4)]))
    network = Network.from_flax(module, variables)
    assert network.hidden[1].name == ours
    assert np.abs(network.logits(X) - expected).max() < 1e-5


@pytest.mark.parametrize(
    ("phi", "ours"),
    [
        (lambda z: jax.nn.leaky_relu(z, 0.3), "max(z, 0) + (0.3)*min(z, 0)"),
        (lambda z: jax.nn.elu(z, 0.5), "max(z, 0) + (0.5)*(exp(min(z, 0)) - 1)"),
        (lambda z: z * jax.nn.sigmoid(z), "silu"),
        (lambda z: jax.nn.gelu(z, approximate=False), "gelu"),
        (lambda z: jnp.maximum(z, 0) ** 2, "max(z, 0)**2"),
    ],
    ids=["slope", "elu of α", "swish by hand", "gelu", "squared"],
)
def test_activations_by_hand(phi, ours):
    module, expected = of(nnx.Sequential(nnx.Linear(3, 5, rngs=rngs()), phi, nnx.Linear(5, 2, rngs=rngs())))
    network = Network.from_flax(module)
    assert network.hidden[1].name == ours
    assert np.abs(network.logits(X) - expected).max() < 1e-5


def test_gelu_is_by_tanh_in_jax():
    module, variables, expected = linen(nn.Sequential([nn.Dense(5), nn.gelu, nn.Dense(4)]))
    network = Network.from_flax(module, variables)
    assert "tanh" in network.hidden[1].name
    assert np.abs(network.logits(X) - expected).max() < 1e-5


def test_a_limit_beyond_what_small_weights_reach_is_seen():
    """relu6 is relu on all rows here: what comes between two layers is asked on the whole line."""
    module = nn.Sequential([nn.Dense(5, kernel_init=nn.initializers.normal(1e-3)), nn.relu6, nn.Dense(2)])
    network = Network.from_flax(module, module.init(jax.random.key(0), X))
    assert network.hidden[1].name == "min(max(z, 0), 6)"


class Compact(nn.Module):
    """A module as most people write it."""

    width: int = 6
    phi: Any = nn.relu
    end: Any = None
    dtype: Any = None

    @nn.compact
    def __call__(self, x, train: bool):
        x = x.reshape((x.shape[0], -1))
        x = nn.Dense(self.width, use_bias=False, dtype=self.dtype)(x)
        x = nn.BatchNorm(use_running_average=not train, dtype=self.dtype)(x)
        x = nn.Dropout(0.5, deterministic=not train)(self.phi(x))
        x = nn.Dense(4, name="last", dtype=self.dtype)(x)
        return x if self.end is None else self.end(x)


class Two(nn.Module):
    """A module inside, and parts made in setup."""

    def setup(self):
        self.body, self.slope, self.last = Compact(), nn.PReLU(), nn.Dense(2)

    def __call__(self, x):
        return self.last(self.slope(self.body(x, train=False)))


class Twice(nn.Module):
    def setup(self):
        self.dense, self.last = nn.Dense(3), nn.Dense(2)

    def __call__(self, x):
        return self.last(nn.tanh(self.dense(nn.tanh(self.dense(x)))))


class Slopes(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Dense(5)(x)
        return nn.Dense(2)(jnp.where(x > 0, x, x * self.param("slope", nn.initializers.normal(), (5,))))


class Scaled(nn.Module):
    @nn.compact
    def __call__(self, x):
        return 2 * nn.Dense(2)(nn.relu(nn.Dense(5)((x - 1) / 3)))


class Jitted(nn.Module):
    @nn.jit
    @nn.compact
    def __call__(self, x):
        return nn.Dense(2)(nn.relu(nn.Dense(5)(x)))


class OwnDense(nn.Dense):
    """Of one's own, and the same."""


LINEN = {
    "Sequential": lambda: linen(nn.Sequential([nn.Dense(5), nn.tanh, nn.Dense(4)])),
    "one Dense": lambda: linen(nn.Dense(4)),
    "compact": lambda: linen(Compact(), train=False),
    "BatchNorm in front": lambda: linen(nn.Sequential([nn.BatchNorm(True), nn.Dense(4)])),
    "nested Sequential": lambda: linen(
        nn.Sequential([nn.Sequential([nn.Dense(5), nn.PReLU()]), nn.Dense(4)])
    ),
    "set up": lambda: linen(Two()),
    "the same layer twice": lambda: linen(Twice()),
    "a slope for each column": lambda: linen(Slopes()),
    "lines by hand": lambda: linen(Scaled()),
    "jit": lambda: linen(Jitted()),
    "a Dense of one's own": lambda: linen(nn.Sequential([OwnDense(5), nn.tanh, nn.Dense(4)])),
    "bound": lambda: _bound(),
    "WeightNorm": lambda: linen(nn.Sequential([nn.WeightNorm(nn.Dense(5)), nn.tanh, nn.Dense(4)])),
}


def _bound():
    module, variables, expected = linen(nn.Sequential([nn.Dense(5), nn.tanh, nn.Dense(4)]))
    return module.bind(variables), None, expected


@pytest.mark.parametrize("make", LINEN.values(), ids=LINEN)
def test_linen(make):
    module, variables, expected = make()
    network = Network.from_flax(module, variables)
    assert np.abs(network.logits(X) - expected).max() < 1e-5 * max(1, np.abs(expected).max())


class Net(nnx.Module):
    def __init__(self):
        self.a, self.norm = nnx.Linear(3, 6, rngs=rngs()), nnx.BatchNorm(6, rngs=rngs())
        self.drop, self.last = nnx.Dropout(0.5, rngs=rngs()), nnx.Linear(6, 4, use_bias=False, rngs=rngs())
        self.slope = nnx.PReLU()

    def __call__(self, x):
        return self.last(self.drop(self.slope(self.norm(self.a(x)))))


class JittedNet(Net):
    @nnx.jit
    def __call__(self, x):
        return super().__call__(x)


class Deep(nnx.Module):
    def __init__(self):
        self.parts = nnx.List([nnx.Linear(3, 3, rngs=rngs()) for _ in range(3)])

    def __call__(self, x):
        for part in self.parts:
            x = nnx.tanh(part(x))
        return self.parts[0](x)


class OwnLinear(nnx.Linear):
    """Of one's own, and the same."""


NNX = {
    "Sequential": lambda: nnx.Sequential(
        nnx.Linear(3, 5, rngs=rngs()), nnx.relu, nnx.Linear(5, 4, rngs=rngs())
    ),
    "one Linear": lambda: nnx.Linear(3, 4, rngs=rngs()),
    "a module of one's own": Net,
    "jit": JittedNet,
    "a list, the first layer twice": Deep,
    "a Linear of one's own": lambda: nnx.Sequential(
        OwnLinear(3, 5, rngs=rngs()), nnx.tanh, nnx.Linear(5, 4, rngs=rngs())
    ),
}


@pytest.mark.parametrize("make", NNX.values(), ids=NNX)
def test_nnx(make):
    module, expected = of(make())
    before = jax.tree.map(np.asarray, nnx.state(module, nnx.Not(nnx.RngState)))
    network = Network.from_flax(module)
    assert np.abs(network.logits(X) - expected).max() < 1e-5 * max(1, np.abs(expected).max())
    after = jax.tree.map(np.asarray, nnx.state(module, nnx.Not(nnx.RngState)))
    assert jax.tree.all(jax.tree.map(np.array_equal, before, after))
    again = Network.from_flax(*nnx.split(module))
    assert np.array_equal(network.logits(X), again.logits(X))


def test_nnx_with_another_state():
    module, expected = of(Net())
    network = Network.from_flax(Net(), nnx.state(module, nnx.Not(nnx.RngState)))
    assert np.abs(network.logits(X) - expected).max() < 1e-5


def test_nnx_stays_in_training():
    module = Net()
    Network.from_flax(module)
    assert not module.drop.deterministic
    assert not module.norm.use_running_average
    assert type(module.a) is nnx.Linear


@pytest.mark.parametrize(
    ("end", "given", "head"),
    [
        (None, None, "softmax"),
        (None, "sigmoid", "sigmoid"),
        (nn.softmax, None, "softmax"),
        (nn.log_softmax, None, "softmax"),
        (nn.sigmoid, None, "sigmoid"),
        (nn.sigmoid, "quadratic", "quadratic"),
    ],
    ids=str,
)
def test_the_head_is_found_or_given(end, given, head):
    module, variables, expected = linen(Compact(end=end), train=False)
    network = Network.from_flax(module, variables, output=given)
    assert network.head.name == head
    if end is not None:
        ours = network.predict_proba(X)
        assert np.abs((np.log(ours) if end is nn.log_softmax else ours) - expected).max() < 1e-5


def test_variables_as_people_have_them():
    module, variables, expected = linen(nn.Sequential([nn.Dense(5), nn.tanh, nn.Dense(4)]))
    state = train_state.TrainState.create(
        apply_fn=module.apply, params=variables["params"], tx=optax.sgd(0.1)
    )
    for form in (variables, variables["params"], state):
        assert np.abs(Network.from_flax(module, form).logits(X) - expected).max() < 1e-5


def test_a_state_with_batch_statistics():
    class State(train_state.TrainState):
        batch_stats: Any

    module, variables, expected = linen(Compact(), train=False)
    state = State.create(apply_fn=module.apply, tx=optax.sgd(0.1), **variables)
    assert np.abs(Network.from_flax(module, state).logits(X) - expected).max() < 1e-5


def test_arguments_of_the_call():
    class Temperature(nn.Module):
        @nn.compact
        def __call__(self, x, over):
            return nn.Dense(2)(x) / over

    module, variables, expected = linen(Temperature(), over=2.0)
    network = Network.from_flax(module, variables, call={"over": 2.0})
    assert np.abs(network.logits(X) - expected).max() < 1e-5


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_becomes_single(dtype):
    module = Compact(dtype=dtype)
    variables = module.init(jax.random.key(0), X, train=False)
    network = Network.from_flax(module, variables)
    assert network.dtype == np.float32
    half = nnx.Sequential(
        nnx.Linear(3, 5, param_dtype=dtype, rngs=rngs()),
        nnx.relu,
        nnx.Linear(5, 2, param_dtype=dtype, rngs=rngs()),
    )
    network = Network.from_flax(half)
    assert network.dtype == np.float32
    assert np.array_equal(network.W[1], np.asarray(half.layers[0].kernel[...], np.float32).T)


class Half:
    class Dense(nn.Dense):
        """Of one's own, with the name of Flax's."""

        @nn.compact
        def __call__(self, x):
            return 0.5 * super().__call__(x)


class Slightly(nnx.Linear):
    def __call__(self, x):
        return super().__call__(x) + 0.001


class Wrapped(nn.Module):
    """A module around what is written in a function."""

    of: Any

    @nn.compact
    def __call__(self, x):
        return self.of(x)


def two_ways(x):
    return nn.Dense(2)(nn.Dense(3)(x) + nn.Dense(3)(x))


def always_dropping(x):
    return nn.Dense(2)(nn.Dropout(0.5, deterministic=False, rng_collection="params")(nn.Dense(5)(x)))


def wrapped(function):
    module = Wrapped(function)
    return module, module.init(jax.random.key(0), X)


def sequential(*parts):
    module = nn.Sequential(list(parts))
    return module, module.init(jax.random.key(0), X)


def nan():
    module, variables = sequential(nn.Dense(2))
    return module, jax.tree.map(lambda leaf: leaf * np.nan, variables)


REFUSED = {
    "softmax over samples": (
        lambda: sequential(nn.Dense(4), lambda z: nn.softmax(z, axis=0)),
        "softmax runs over the samples",
    ),
    "softmax of one": (lambda: sequential(nn.Dense(1), nn.softmax), "an output alone is always 1"),
    "softmax inside": (
        lambda: sequential(nn.Dense(4), nn.softmax, nn.Dense(2)),
        "must stand behind the last",
    ),
    "a class named Dense": (
        lambda: sequential(Half.Dense(4)),
        r"Dense 'layers_0': it does something else than its weights say: in row \d+",
    ),
    "a little more": (
        lambda: (nnx.Sequential(Slightly(3, 4, rngs=rngs())),),
        "Slightly 'layers/0': .* is 0.001 away",
    ),
    "LoRALinear": (lambda: (_lora(),), "LoRALinear .*something else than its weights say"),
    "LayerNorm": (
        lambda: sequential(nn.Dense(4), nn.LayerNorm(), nn.Dense(2)),
        "between Dense 'layers_0' and Dense 'layers_2': it is no activation",
    ),
    "sine": (lambda: sequential(nn.Dense(4), jnp.sin, nn.Dense(2)), "no activation that is known here"),
    "two activations": (
        lambda: sequential(nn.Dense(4), nn.relu, nn.tanh, nn.Dense(2)),
        "no activation that is known here",
    ),
    "an activation at the end": (lambda: sequential(nn.Dense(4), nn.relu), "it stands behind the last"),
    "a shortcut": (
        lambda: wrapped(lambda x: nn.Dense(2)(x + nn.tanh(nn.Dense(3)(x)))),
        "no activation that is known here",
    ),
    "two ways": (lambda: wrapped(two_ways), "what comes between"),
    "two outputs": (
        lambda: wrapped(lambda x: (nn.Dense(2)(x), x)),
        "the output must be one array; it is a tuple",
    ),
    "dropout that always drops": (lambda: wrapped(always_dropping), r"take rows|no activation|InvalidRng"),
    "batch statistics": (
        lambda: sequential(nn.Dense(4), nn.BatchNorm(False), nn.Dense(2)),
        "ModifyScopeVariableError|BatchNorm",
    ),
    "Conv": (lambda: wrapped(lambda x: nn.Dense(2)(nn.Conv(3, (1,))(x))), "between the input and Dense"),
    "remat": (lambda: wrapped(lambda x: nn.remat(nn.Dense)(2)(x)), "must see numbers; here they are traced"),
    "Einsum": (
        lambda: (nnx.Einsum("ab,bc->ac", (3, 4), None, rngs=rngs()),),
        "it has no Dense or Linear layer",
    ),
    "NaN": (nan, "Dense 'layers_0': its weights must be finite"),
    "no variables": (lambda: (nn.Dense(2),), "must come with its variables.*got NoneType"),
    "other variables": (
        lambda: (nn.Dense(2), {"params": {"x": jnp.ones((3, 2))}}),
        "no Dense or Linear layer",
    ),
    "another module's": (lambda: (nn.Dense(5), sequential(nn.Dense(4))[1]), "for 3 inputs it raised"),
    "variables alone": (lambda: (sequential(nn.Dense(4))[1],), "got dict"),
    "a class": (lambda: (nn.Dense,), "must be given a module of flax.linen"),
    "a state that does not fit": (
        lambda: (nnx.graphdef(Net()), nnx.state(nnx.Linear(3, 2, rngs=rngs()))),
        "must fit its state",
    ),
}


def _lora():
    return nnx.Sequential(
        nnx.LoRALinear(3, 4, lora_rank=2, b_initializer=nnx.initializers.normal(1.0), rngs=rngs())
    )


@pytest.mark.parametrize(("make", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(make, why):
    given = make()
    with pytest.raises(InputError, match=why):
        Network.from_flax(*given)


def test_outputs_are_compared_whatever_the_layers_say(monkeypatch):
    """Every check before is passed: the module bends its answers after it was asked."""
    from chainrule.exchange.probing import Recorder

    bent, original = [0.0], Recorder.parts

    def parts(self, *args):
        yield from original(self, *args)
        bent[0] = 0.01

    monkeypatch.setattr(Recorder, "parts", parts)
    given = wrapped(lambda x: nn.Dense(2)(x) + bent[0])
    with pytest.raises(InputError, match=r"they differ by 0.01 in row \d+, output \d: .* there, .* here"):
        Network.from_flax(*given)


def test_a_head_that_contradicts_the_end():
    with pytest.raises(InputError, match="output must be 'softmax'"):
        Network.from_flax(*sequential(nn.Dense(2), nn.softmax), output="sigmoid")


def test_a_subclass_comes_as_itself():
    class Mine(Network):
        pass

    assert type(Mine.from_flax(*sequential(nn.Dense(2)))) is Mine
