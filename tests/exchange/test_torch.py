"""`Network.from_torch` and `to_torch`: the same outputs, or a refusal that names the layer."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest

from chainrule import Activation, Head, InputError, Network
from chainrule.equations.heads import pos_weighted
from chainrule.exchange.torch_module import ACTIVATIONS

torch = pytest.importorskip("torch", reason="needs the package torch, which is in no lock")
nn, F = torch.nn, torch.nn.functional
prune = pytest.importorskip("torch.nn.utils.prune")
parametrizations = pytest.importorskip("torch.nn.utils.parametrizations")

X = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def _same_weights():
    torch.manual_seed(0)


def outputs(module, x=X):
    with torch.no_grad():
        return module.eval()(torch.tensor(x)).numpy()


def apart(network, module, of="predict_proba"):
    return np.abs(getattr(network, of)(X) - outputs(module)).max()


def chain(*middle, end=()):
    return nn.Sequential(nn.Linear(3, 6), *middle, nn.Linear(6, 4), *end)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        *((name, settings) for name, settings, _ in ACTIVATIONS),
        ("LeakyReLU", {}),
        ("LeakyReLU", {"negative_slope": 0.2}),
    ],
    ids=str,
)
def test_every_activation(name, settings):
    phi = getattr(nn, name)
    nested = nn.Sequential(nn.Dropout(), nn.Linear(6, 5, bias=False), phi(**settings))
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(3, 6), phi(**settings), nested, nn.Linear(5, 4), nn.Softmax(dim=1)
    )
    network = Network.from_torch(module)
    assert network.layers == (3, 6, 5, 4)
    assert apart(network, module) < 1e-6
    assert np.abs(outputs(network.to_torch()) - outputs(module)).max() < 1e-6


@pytest.mark.parametrize(
    ("end", "given", "head"),
    [
        ([], None, "softmax"),
        ([], "sigmoid", "sigmoid"),
        ([nn.Identity()], None, "softmax"),
        ([nn.Sigmoid()], None, "sigmoid"),
        ([nn.Sigmoid(), nn.Identity()], None, "sigmoid"),
        ([nn.Sigmoid()], "quadratic", "quadratic"),
        ([nn.Sigmoid()], pos_weighted(2.0), "pos-weighted sigmoid"),
        ([nn.LogSoftmax(dim=1)], None, "softmax"),
        ([nn.Softmax(dim=-1)], "softmax", "softmax"),
    ],
    ids=str,
)
def test_the_head_is_found_or_given(end, given, head):
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2), *end)
    network = Network.from_torch(module, output=given)
    assert network.head.name == head
    if any(isinstance(part, nn.Softmax | nn.Sigmoid) for part in end):
        assert apart(network, module) < 1e-6


def test_double_precision_is_kept():
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).double()
    network = Network.from_torch(module)
    assert network.dtype == np.float64
    assert np.array_equal(network.W[1], module[0].weight.detach().numpy())
    assert Network.from_torch(module.float()).dtype == np.float32


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_becomes_single(dtype):
    module = chain(nn.ReLU()).to(getattr(torch, dtype))
    network = Network.from_torch(module)
    assert network.dtype == np.float32
    assert np.array_equal(network.W[1], module[0].weight.detach().float().numpy())


def test_linear_after_linear_is_the_identity_between():
    module = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    assert Network.from_torch(module).hidden[1].name == "identity"


def trained(module):
    """With running means, variances and slopes that are not those of the beginning."""
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.BatchNorm1d):
                for tensor in (part.running_mean, part.weight, part.bias):
                    if tensor is not None:
                        tensor.normal_()
                part.running_var.uniform_(0.5, 2)
            if isinstance(part, nn.PReLU):
                part.weight.uniform_(-0.5, 0.5)
    return module


def stale_weight_norm():
    """load_state_dict sets g and v; the weight is computed in the next call."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        linear = torch.nn.utils.weight_norm(nn.Linear(3, 6))
        other = torch.nn.utils.weight_norm(nn.Linear(3, 6))
    linear.load_state_dict(other.state_dict())
    return nn.Sequential(linear, nn.Tanh(), nn.Linear(6, 4))


def pruned_after_a_step():
    module = chain(nn.Tanh())
    prune.l1_unstructured(module[0], "weight", amount=5)
    module(torch.tensor(X)).square().sum().backward()
    with torch.no_grad():
        for theta in module.parameters():
            theta -= 0.01 * theta.grad
    return module


class Net(nn.Module):
    """A module as most people write it."""

    def __init__(self, dropout=0.5):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(3, 6), nn.Linear(6, 5)
        self.last = nn.Sequential(nn.PReLU(), nn.Linear(5, 4))
        self.dropout = dropout

    def forward(self, x):
        x = x.view(x.size(0), -1)
        x = torch.flatten(x, 1)
        x = F.leaky_relu(self.fc1(x), 0.3)
        x = F.dropout(x, self.dropout, training=self.training)
        return F.log_softmax(self.last(self.fc2(x)), dim=1)


FOLDED = {
    "BatchNorm behind": lambda: chain(nn.BatchNorm1d(6), nn.ReLU()),
    "BatchNorm in front": lambda: nn.Sequential(nn.BatchNorm1d(3), chain(nn.ReLU())),
    "BatchNorm behind the activation": lambda: chain(nn.ReLU(), nn.BatchNorm1d(6)),
    "BatchNorm twice, at the end, too": lambda: nn.Sequential(
        chain(nn.BatchNorm1d(6), nn.ReLU(), nn.BatchNorm1d(6), nn.BatchNorm1d(6)), nn.BatchNorm1d(4)
    ),
    "BatchNorm without weights": lambda: chain(nn.BatchNorm1d(6, affine=False), nn.ReLU()),
    "PReLU": lambda: chain(nn.PReLU()),
    "PReLU of many": lambda: chain(nn.PReLU(6)),
    "PReLU of many and BatchNorm": lambda: chain(nn.BatchNorm1d(6), nn.PReLU(6), nn.BatchNorm1d(6)),
    "weight_norm": lambda: nn.Sequential(
        parametrizations.weight_norm(nn.Linear(3, 6)), nn.Tanh(), nn.Linear(6, 4)
    ),
    "weight_norm, loaded": stale_weight_norm,
    "spectral_norm": lambda: nn.Sequential(
        parametrizations.spectral_norm(nn.Linear(3, 6)), nn.Tanh(), nn.Linear(6, 4)
    ),
    "pruned, after a step": pruned_after_a_step,
    "nested": lambda: nn.Sequential(
        nn.Sequential(nn.Linear(3, 6), nn.Sequential(nn.Tanh())), nn.Sequential(nn.Linear(6, 4))
    ),
    "Identity": lambda: nn.Sequential(chain(nn.Identity(), nn.Tanh(), nn.Identity()), nn.Identity()),
    "one Linear": lambda: nn.Linear(3, 4),
    "the same layer twice": lambda: nn.Sequential(
        nn.Linear(3, 6), *[nn.Linear(6, 6), nn.Tanh()] * 2, nn.Linear(6, 4)
    ),
    "unused layers": lambda: Net(),
}


@pytest.mark.parametrize("make", FOLDED.values(), ids=FOLDED)
def test_what_is_folded(make):
    module = trained(make()).train()
    before = copy.deepcopy([buffer.numpy() for buffer in module.buffers()])
    network = Network.from_torch(module)
    assert all(part.training for part in module.modules())
    assert all(map(np.array_equal, before, (buffer.numpy() for buffer in module.buffers())))
    with torch.no_grad():
        difference = network.logits(X) - outputs(module)
    if isinstance(module, Net):
        difference = np.log(network.predict_proba(X)) - outputs(module)
    assert np.abs(difference).max() < 1e-5


def test_slopes_of_many_double_the_layer():
    network = Network.from_torch(trained(chain(nn.PReLU(6))))
    assert network.layers == (3, 12, 4)
    assert network.hidden[1].name == "relu"


@pytest.mark.filterwarnings(
    "ignore:.*torch.jit:DeprecationWarning"
)  # torch.compile of 2.13 imports what it deprecates
def test_what_torch_compile_was_given():
    module = chain(nn.Tanh())
    assert apart(Network.from_torch(torch.compile(module)), module, "logits") < 1e-6


def test_parts_keep_their_modes():
    module = chain(nn.BatchNorm1d(6), nn.Tanh())
    module[1].eval()
    Network.from_torch(module)
    assert [part.training for part in module] == [True, False, True, True]


def hooked(kind, hook, of=0):
    module = chain(nn.Tanh())
    getattr([*module, module][of], kind)(hook)
    return module


class Scaling(nn.Module):
    def forward(self, x):
        return 0.9 * x


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        return self.b(x + torch.tanh(self.a(x)))


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 3)

    def forward(self, x):
        return self.a(x) if x.sum() > 0 else x


class Two(Branching):
    def forward(self, x):
        return self.a(x), x


class Always(Net):
    def forward(self, x):
        return self.last(self.fc2(F.dropout(torch.relu(self.fc1(x)))))


def replaced():
    module = chain(nn.Tanh())
    module[1].forward = torch.relu
    return module


def quantised():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(chain(nn.ReLU()), {nn.Linear})


def like_linear(**methods):
    return type("Linear", (nn.Linear,), methods)


REFUSED = {
    "Softmax over samples": (lambda: chain(nn.Tanh(), end=[nn.Softmax(dim=0)]), "dim must be 1"),
    "LogSoftmax over samples": (lambda: chain(nn.Tanh(), end=[nn.LogSoftmax(dim=0)]), "dim must be 1"),
    "softmax over samples": (lambda: nn.Sequential(Softly()), "dim must be 1"),
    "Softplus that ends early": (
        lambda: chain(nn.Softplus(threshold=0.1)),
        "must have beta=1.0, threshold=20.0",
    ),
    "ELU": (lambda: chain(nn.ELU(2.0)), "must have alpha=1.0"),
    "a hook": (
        lambda: hooked("register_forward_hook", lambda m, x, y: y + 0.05),
        "has the hook <lambda>, which may",
    ),
    "a hook before": (
        lambda: hooked("register_forward_pre_hook", lambda m, x: (x[0] * 2,), 2),
        "has the hook",
    ),
    "a hook on the whole": (
        lambda: hooked("register_forward_hook", lambda m, x, y: y + 0.05, 3),
        "hook|call of add",
    ),
    "a method replaced": (replaced, "its method forward was replaced"),
    "a class named Linear": (
        lambda: nn.Sequential(like_linear(forward=lambda s, x: 0.5 * nn.Linear.forward(s, x))(3, 4)),
        "call of mul",
    ),
    "a module of one's own": (lambda: nn.Sequential(nn.Linear(3, 4), Scaling()), "call of mul"),
    "two ways": (Residual, "got the call of add"),
    "a condition": (Branching, "torch.fx cannot follow it"),
    "two outputs": (Two, "outputs in a tuple"),
    "dropout that always drops": (Always, "got the call of dropout"),
    "batch statistics": (
        lambda: chain(nn.BatchNorm1d(6, track_running_stats=False)),
        "must have running means",
    ),
    "quantised": (quantised, "its weights are quantised; take the module from before"),
    "complex": (
        lambda: nn.Sequential(nn.Linear(3, 4, dtype=torch.complex64)),
        "plain numbers; they are torch.complex64",
    ),
    "lazy": (lambda: nn.Sequential(nn.LazyLinear(4)), "no such layer is known"),
    "Conv2d": (lambda: nn.Sequential(nn.Conv2d(1, 1, 1)), "Conv2d.*no such layer is known"),
    "LayerNorm": (lambda: chain(nn.LayerNorm(6)), "LayerNorm.*no such layer is known"),
    "an activation at the end": (
        lambda: chain(nn.Tanh(), end=[nn.ReLU()]),
        r"ReLU\(\): it stands behind the last",
    ),
    "two activations": (
        lambda: chain(nn.ReLU(), nn.Tanh()),
        r"Tanh\(\): it stands where a layer of weights must",
    ),
    "BatchNorm between two": (
        lambda: chain(nn.ReLU(), nn.BatchNorm1d(6), nn.Tanh()),
        "it stands where a layer of weights must",
    ),
    "Softmax inside": (lambda: chain(nn.Softmax(dim=1)), "must stand behind the last layer"),
    "nothing": (lambda: nn.Sequential(), "got None"),
    "only Softmax": (lambda: nn.Sequential(nn.Softmax(dim=1)), "must stand behind the last layer"),
    "widths that differ": (
        lambda: nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 2)),
        "must take rows of shape",
    ),
    "NaN": (lambda: filled(float("nan")), "must be finite|not finite"),
    "a state_dict": (
        lambda: chain(nn.Tanh()).state_dict(),
        "must be given a torch.nn.Module; got OrderedDict",
    ),
}


class Softly(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 4)

    def forward(self, x):
        return F.softmax(self.a(x), dim=0)


def filled(number):
    module = chain(nn.Tanh())
    with torch.no_grad():
        module[0].weight.fill_(number)
    return module


@pytest.mark.parametrize(("make", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(make, why):
    with pytest.raises(InputError, match=why):
        Network.from_torch(make())


class Clipped(torch.Tensor):
    """A weight that multiplies otherwise than it says."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        found = super().__torch_function__(function, types, args, kwargs or {})
        return found * 0.9 if function is F.linear else found


def test_outputs_are_compared_whatever_the_layers_say(monkeypatch):
    """Every check before is passed: this is torch's own class."""
    monkeypatch.setattr(nn.Tanh, "forward", lambda self, x: torch.tanh(1.01 * x))
    with pytest.raises(InputError, match="must answer random rows as the module does; they differ by"):
        Network.from_torch(chain(nn.Tanh()))


def test_weights_of_another_class_are_refused():
    module = chain(nn.Tanh())
    module[0].weight = nn.Parameter(module[0].weight.detach().as_subclass(Clipped))
    with pytest.raises(InputError, match="must be plain numbers; they are"):
        Network.from_torch(module)


def test_a_head_that_contradicts_the_end():
    with pytest.raises(InputError, match="output must be 'softmax'"):
        Network.from_torch(nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=1)), output="sigmoid")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"hidden": "z**2"}, r"got 'z\*\*2'"),
        ({"hidden": Activation.from_formula("2*tanh(z)", name="tanh")}, "got 'tanh'"),
        (
            {"output": Head.from_formulas(link="(1+z/sqrt(1+z*z))/2", loss="(a-y)**2")},
            "must be one of softmax, sigmoid",
        ),
    ],
    ids=["formula", "name", "head"],
)
def test_what_torch_has_not(options, why):
    with pytest.raises(InputError, match=why):
        Network([2, 2, 2], seed=0, **options).to_torch()


@pytest.mark.parametrize(
    "head", ["quadratic", pos_weighted(2.0), Head.from_formulas(link="softmax", loss="-y*(1-a)**2*log(a)")],
    ids=["quadratic", "weighted", "focal"],
)  # fmt: skip
def test_heads_that_differ_in_the_loss_alone(head):
    network = Network([3, 4, 2], output=head, seed=0)
    assert apart(network, network.to_torch().float()) < 1e-6


def test_a_subclass_comes_as_itself():
    class Mine(Network):
        pass

    assert type(Mine.from_torch(nn.Sequential(nn.Linear(3, 2)))) is Mine
