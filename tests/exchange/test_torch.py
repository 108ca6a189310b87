"""`Network.from_torch` and `to_torch`: the same probabilities, or a refusal that names the layer."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import InputError, Network
from chainrule.exchange.torch_module import MODULES

torch = pytest.importorskip("torch", reason="needs the package torch, which is in no lock")
nn = torch.nn

X = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)


def outputs(module, x=X):
    with torch.no_grad():
        return module.eval()(torch.tensor(x)).numpy()


@pytest.mark.parametrize("name", MODULES)
def test_every_activation(name):
    torch.manual_seed(0)
    phi = getattr(nn, name)
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(3, 6), phi(), nn.Sequential(nn.Dropout(), nn.Linear(6, 5, bias=False), phi()),
        nn.Linear(5, 4), nn.Softmax(dim=1),
    )  # fmt: skip
    network = Network.from_torch(module)
    assert network.layers == (3, 6, 5, 4)
    assert np.abs(network.predict_proba(X) - outputs(module)).max() < 1e-6
    assert np.abs(outputs(network.to_torch()) - outputs(module)).max() < 1e-6


@pytest.mark.parametrize(
    ("end", "given", "head"),
    [
        ([], None, "softmax"),
        ([], "sigmoid", "sigmoid"),
        ([nn.Sigmoid()], None, "sigmoid"),
        ([nn.Sigmoid()], "quadratic", "quadratic"),
        ([nn.LogSoftmax(dim=1)], None, "softmax"),
        ([nn.Softmax(dim=1)], "softmax", "softmax"),
    ],
    ids=str,
)
def test_the_head_is_found_or_given(end, given, head):
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2), *end)
    assert Network.from_torch(module, output=given).head.name == head


def test_double_precision_is_kept():
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).double()
    network = Network.from_torch(module)
    assert network.dtype == np.float64
    assert np.array_equal(network.W[1], module[0].weight.detach().numpy())
    assert Network.from_torch(module.float()).dtype == np.float32


def test_linear_after_linear_is_the_identity_between():
    module = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    assert Network.from_torch(module).hidden[1].name == "identity"


@pytest.mark.parametrize(
    ("module", "why"),
    [
        (nn.Sequential(nn.Conv2d(1, 1, 1)), "Conv2d.*where a Linear layer must"),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU()), r"ReLU\(\): it stands behind the last"),
        (nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(0.2), nn.Linear(2, 2)), "negative_slope must be 0.01"),
        (nn.Sequential(nn.Linear(2, 2), nn.GELU("tanh"), nn.Linear(2, 2)), "approximate must be none"),
        (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 2)), "BatchNorm1d.*no such layer"),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Tanh(), nn.Linear(2, 2)), r"Tanh\(\): it stands where"),
        (nn.Sequential(), "got None"),
        (nn.Sequential(nn.Softmax(dim=1)), "behind the last Linear"),
    ],
    ids=range(8),
)
def test_other_modules_are_refused(module, why):
    with pytest.raises(InputError, match=why):
        Network.from_torch(module)


def test_a_head_that_contradicts_the_end():
    with pytest.raises(InputError, match="output must be 'softmax'"):
        Network.from_torch(nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=1)), output="sigmoid")


def test_what_torch_has_not():
    with pytest.raises(InputError, match=r"got 'z\*\*2'"):
        Network([2, 2, 2], hidden="z**2", seed=0).to_torch()


def test_a_subclass_comes_as_itself():
    class Mine(Network):
        pass

    assert type(Mine.from_torch(nn.Sequential(nn.Linear(3, 2)))) is Mine
