"""Whole documents: what they hold, in every format, and the numbers of a step."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from chainrule import InputError, Network, derive
from chainrule.derivation.terms.verify import WrongStep
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS, pos_weighted
from chainrule.formulas.activation import Activation
from chainrule.formulas.head import Head
from tests.patience import PATIENCE

# As printed on the page of the published 2-2-2 example; a trailing 0 is not printed here.
PUBLISHED = (
    "0.3775", "0.593269992", "0.596884378", "1.105905967", "0.75136507", "0.772928465", "0.298371109",
    "0.138498562", "0.082167041", "0.35891648", "0.408666186", "0.51130127", "0.561370121", "0.000438568",
    "0.149780716", "0.199561432", "0.249751144", "0.299502287",
)  # fmt: skip


@pytest.fixture(scope="module")
def step(published):
    """The published example with its numbers."""
    return derive(published, [0.05, 0.10], [0.01, 0.99], digits=9)


@pytest.fixture(scope="module")
def softmax():
    """A network of softmax outputs, without numbers."""
    return derive(Network([3, 4, 2], hidden="tanh", seed=0))


@pytest.mark.parametrize("number", PUBLISHED)
def test_the_published_numbers(step, number):
    assert re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", step.to_text())


def test_the_published_numbers_where_they_belong(step):
    text = " ".join(step.to_text().split())
    assert (
        "z^1_1 = W^1_{1,1} a^0_1 + W^1_{1,2} a^0_2 + b^1_1 = 0.15 · 0.05 + 0.2 · 0.1 + 0.35 = 0.3775" in text
    )
    assert "∂J/∂W^2_{1,1} = δ^2_1 a^1_1 = 0.138498562 · 0.593269992 = 0.082167041" in text
    assert "W^2_{1,1} ← W^2_{1,1} − η ∂J/∂W^2_{1,1} = 0.4 − 0.5 · 0.082167041 = 0.35891648" in text


def test_softmax_step_by_step(softmax):
    text = softmax.to_text()
    for line in (
        "quotient rule, (u/v)' = (u'v − uv')/v²",
        "= a^2_j (1 − a^2_j)",
        "= −a^2_m a^2_j",
        "= a^2_m ([m=j] − a^2_j)",
        "= −y_m / a^2_m",
        "= Σ_m ∂J/∂a^2_m ∂a^2_m/∂z^2_j",
        "the targets sum to 1: Σ_m y_m = 1",
        "= a^2_j − y_j",
        "= (W^2)ᵀ δ^2 ⊙ tanh'(z^1)",
        "= (W^2)ᵀ δ^2 ⊙ (1 − a^1 ⊙ a^1)",
        "= 1 − a²",
        "∂J/∂W^1 = δ^1 (a^0)ᵀ",
        "W^L ← W^L − (η / N) Σ_i ∂J_i/∂W^L",
    ):
        assert line in text


def test_it_says_what_was_verified(softmax, step):
    assert re.search(r"\d+ steps verified, symbolically by SymPy and on random numbers", softmax.checked)
    assert "lines of numbers" not in softmax.checked
    assert "37 lines of numbers computed as printed" in step.checked
    assert float(re.search(r"Largest relative error (\S+)\.", step.checked)[1]) < 1e-12
    assert step.checked in " ".join(step.to_text().replace("│ ", "").split())


def test_rows(published):
    text = derive(published, layout="rows").to_text()
    assert "z^1 = a^0 (W^1)ᵀ + b^1" in text.partition("3 Activation")[0]
    assert "δ^1 = δ^2 W^2 ⊙ σ'(z^1)" in text
    assert "∂J/∂W^1 = (δ^1)ᵀ a^0" in text
    assert "1 × 2" in text
    assert "2 × 1" not in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_text_keeps_to_the_width(step, width):
    assert max(map(len, step.to_text(width).splitlines())) <= max(width, 88)
    assert max(map(len, step.to_text(100).splitlines())) <= 100


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("layers", [(2, 2), (3, 1), (2, 3, 3, 2)], ids=str)
def test_every_head_in_numbers(head, layers):
    if head == "softmax" and layers[-1] == 1:
        pytest.skip("softmax has two outputs or more")
    network = Network(layers, hidden="tanh", output=head, seed=1)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(layers[0]), np.eye(layers[-1])[0]
    assert "The step made it smaller." in derive(network, x, y, learning_rate=0.1).to_text()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_in_numbers(name):
    network = Network([2, 3, 2], hidden=name, seed=1)
    text = derive(network, [[0.3, -0.7]], [1]).to_text()
    assert f"Activation {name}" in text
    assert "F2" in text


def test_each_layer_its_own_activation():
    text = derive(Network([4, 5, 5, 3], hidden=["relu", "tanh"], seed=0)).to_text()
    assert "Error of hidden layer 2" in text
    assert "Error of hidden layer 1" in text
    assert "δ^2 = (W^3)ᵀ δ^3 ⊙ tanh'(z^2)" in text
    assert "δ^1 = (W^2)ᵀ δ^2 ⊙ relu'(z^1)" in text


@pytest.mark.parametrize("formula", ["z/(1+abs(z))", "where(z>1, z, 0.5*z+0.5)", "z*sigmoid(1.702*z)"])
def test_a_formula_of_ones_own(formula):
    found = derive(Network([2, 3, 2], hidden=Activation.from_formula(formula), seed=0), [0.4, -0.9], 1)
    assert f"Activation {formula}: φ and φ'" in found.to_text()
    assert (
        "quotient rule" in found.to_text()
        or "each branch by itself" in found.to_text()
        or "product rule" in found.to_text()
    )


def test_a_formula_with_a_wrong_derivative_is_refused():
    right = Activation.from_formula("z/(1+abs(z))")
    wrong = Activation("z/(1+abs(z))", right.phi, lambda xp, z, a: a * (1 - a))
    with pytest.raises(WrongStep):
        derive(Network([2, 3, 2], hidden=wrong, seed=0))


def test_an_activation_of_ones_own_with_a_wrong_derivative_is_refused():
    wrong = ACTIVATIONS["tanh"]._replace(d_phi=lambda xp, z, a: 1 - a)
    with pytest.raises(WrongStep, match="1 − a"):
        derive(Network([2, 3, 2], hidden=wrong, seed=0))


def test_a_mini_batch():
    network = Network([2, 3, 2], seed=0)
    X, y = [[0.1, 0.2], [0.3, -0.4], [0.5, 0.6]], [0, 1, 1]
    text = derive(network, X, y).to_text()
    assert "a mini-batch of 3 samples" in text
    assert f"{network.gradients(X, y).dW[2][0, 0]:.6f}".replace("-", "−") in text
    assert f"{network.loss(X, y):.6f}".rstrip("0") in text


def test_a_large_network_is_summarised():
    network = Network([784, 30, 10], seed=0)
    x = np.random.default_rng(0).uniform(0, 1, 784)
    text = derive(network, x, 3).to_text()
    largest = np.abs(network.gradients(x, 3).dW[1]).max()
    assert "30 × 784" in text
    assert f"{largest:.6f}".rstrip("0") in text
    assert len(text.splitlines()) < 400


def test_the_network_stays_as_it_was(published):
    before = [layer.W.copy() for layer in published.params]
    derive(published, [0.05, 0.10], [0.01, 0.99])
    for old, layer in zip(before, published.params, strict=True):
        np.testing.assert_array_equal(old, layer.W)


def test_a_saturated_output_has_a_loss_in_numbers():
    network = Network.from_parameters([([[900.0], [-900.0]], [0.0, 0.0])], output="softmax")
    assert "1800" in derive(network, [1.0], 1).to_text()


def test_float32(published):
    small = Network([2, 3, 2], seed=0, dtype="float32")
    assert "lines of numbers" in derive(small, [0.1, 0.2], 1).checked


def test_html_stands_alone(step, softmax):
    for page in (step.to_html(), softmax.to_html()):
        assert "<script" not in page
        without = page.replace("http://www.w3.org/1998/Math/MathML", "")
        assert not re.search(r"https?:|url\((?!\W?data:)|@import|<link|<img", without)
        for math in re.findall(r"<math.*?</math>", page, re.S):
            ET.fromstring(math.replace("&#x2061;", "").replace("&#xA0;", " "))
        body = page.partition("<body>")[2].partition("</body>")[0]
        ET.fromstring(f"<body>{re.sub('<style>.*?</style>', '', body, flags=re.S)}</body>")
        assert "prefers-color-scheme: dark" in page
        assert "@media print" in page
        assert "width=device-width" in page


def test_markdown_is_balanced(step, softmax):
    for text in (step.to_markdown(), softmax.to_markdown()):
        for line in text.splitlines():
            assert line.count("$") % 2 == 0, line
            assert line.count("{") == line.count("}"), line
        tables = [line for line in text.splitlines() if line.startswith("|")]
        assert all(not re.search(r"[^\\ ]\|[^ |]", line.strip("|")) for line in tables if "---" not in line)


@pytest.mark.parametrize("name", ["step", "softmax"])
def test_latex_is_a_whole_article(request, name, tmp_path):
    text = request.getfixturevalue(name).to_latex()
    assert text.startswith(r"\documentclass")
    assert text.count("{") == text.count("}")
    pictured = re.sub(r"[\x00-\x7f]", "", text)
    assert set(pictured) <= set("é"), "pdflatex knows ASCII; everything else is a command"
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    (tmp_path / "d.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "d.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=PATIENCE, check=False)
    log = done.stdout.decode("latin-1")
    assert done.returncode == 0, log[-2000:]
    assert not re.findall(r"Overfull \\hbox \((\d\d+\.\d+)pt", log)


def test_a_notebook_shows_it(softmax):
    assert softmax._repr_markdown_().startswith("# Backpropagation derived for 3-4-2")
    shown = softmax._repr_html_()
    assert "<math" in shown
    assert "<html" not in shown
    assert str(softmax) == softmax.to_text()
    assert repr(softmax).startswith("<Derivation: Backpropagation derived for 3-4-2.")


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (([0.1, 0.2],), {}, "x and y must be given together"),
        ((), {"layout": "diagonal"}, "layout must be one of columns, rows"),
        ((), {"digits": 1}, "digits must be a whole number of 2 or more"),
        ((), {"digits": 20}, "digits must be at most 15"),
        ((), {"learning_rate": 0}, "learning_rate must be above 0"),
        (([0.1], [0.01, 0.99]), {}, "X must have 2 columns"),
    ],
    ids=str,
)
def test_what_cannot_be_derived(published, arguments, options, said):
    with pytest.raises(InputError, match=said):
        derive(published, *arguments, **options)


@pytest.mark.parametrize(
    "head",
    [
        Head.from_formulas(link="softmax", loss="-y*(1-a)**2*log(a)"),
        Head.from_formulas(link="sigmoid(z)", loss="(a-y)**2", name="quadratic"),
        pos_weighted(5.0),
        Head("mine", *HEADS["softmax"][1:4], loss_name="my loss", distribution=True),
    ],
    ids=lambda head: head.name,
)
def test_a_loss_that_is_not_derived_here_is_refused(head):
    """Whatever it is called; the error says where its own formulas are."""
    with pytest.raises(InputError, match=r"must have a loss of the derivation, .* network.explain\(x, y\)"):
        derive(Network([2, 3, 2], output=head, seed=0))


def test_an_activation_called_like_a_built_in_one_is_derived_as_its_own():
    own = Activation.from_formula("z/(1+abs(z))", name="tanh")
    text = derive(Network([2, 3, 2], hidden=own, seed=0)).to_text()
    assert "the definition of tanh" not in text
    assert "abs" in text or "|z|" in text


def test_a_built_in_activation_by_another_name_is_derived_as_it_is():
    mine = ACTIVATIONS["tanh"]._replace(name="mine")
    text = derive(Network([2, 3, 2], hidden=mine, seed=0), [0.4, -0.9], 1).to_text()
    assert "the definition of tanh" in text
    assert "δ^1 = (W^2)ᵀ δ^2 ⊙ mine'(z^1)" in text
