"""Probabilities as labels: of classes where rows sum to 1, else of labels; one-hot rows in files."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import ChainruleClassifier, Dataset, InputError, Network
from tests.cli.commandline import chainrule

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 4))
CLASSES = RNG.dirichlet(np.ones(3), 60)
LABELS = RNG.random((60, 3))


def small(**options):
    return ChainruleClassifier((5,), random_state=0, max_iter=300, tol=0, alpha=0, **options)


@pytest.mark.filterwarnings("ignore:.*max_iter")
def test_rows_that_sum_to_one_are_distributions_over_classes():
    one = small().fit(X, CLASSES)
    assert (one.network_.head.name, one.classes_.tolist()) == ("softmax", [0, 1, 2])
    mean = small().fit(np.zeros_like(X), CLASSES).predict_proba(np.zeros((1, 4)))
    np.testing.assert_allclose(mean[0], CLASSES.mean(axis=0), atol=5e-3)  # where the loss is least
    assert one.predict(X).shape == (60,)


@pytest.mark.filterwarnings("ignore:.*max_iter")
def test_of_two_classes_the_second_column_is_learnt():
    two = np.stack([1 - LABELS[:, 0], LABELS[:, 0]], axis=1)
    one = small().fit(np.zeros_like(X), two)
    assert one.network_.layers[-1] == 1
    np.testing.assert_allclose(one.predict_proba(np.zeros((1, 4)))[0], two.mean(axis=0), atol=5e-3)


@pytest.mark.filterwarnings("ignore:.*max_iter")
def test_other_rows_are_of_labels():
    one = small().fit(np.zeros_like(X), LABELS)
    assert one.network_.head.name == "sigmoid"
    np.testing.assert_allclose(one.predict_proba(np.zeros((1, 4)))[0], LABELS.mean(axis=0), atol=5e-3)


def test_the_network_takes_them_for_sigmoids_too():
    network = Network([4, 5, 3], output="sigmoid", seed=0)
    mixed = 0.3 * (LABELS > 0.5) + 0.7 * (LABELS > 0.2)
    by_parts = [network.gradients(X, (bound < LABELS).astype(int)).dW[1] for bound in (0.5, 0.2)]
    soft = network.gradients(X, mixed).dW[1]
    np.testing.assert_allclose(soft, 0.3 * by_parts[0] + 0.7 * by_parts[1], atol=1e-12)  # B1 is linear in y


@pytest.mark.parametrize("wrong", [LABELS + 0.5, -LABELS, 3 * CLASSES])
def test_what_are_no_probabilities(wrong):
    with pytest.raises(ValueError, match=r"Unknown label type|continuous"):
        small().fit(X, wrong)
    with pytest.raises(InputError, match="between 0 and 1 for output='sigmoid'"):
        Network([4, 5, 3], output="sigmoid").fit(X, wrong, epochs=1, progress=False)


def test_class_weights_do_not_go_with_them():
    with pytest.raises(InputError, match="class_weight must be None where y holds probabilities"):
        small(class_weight="balanced").fit(X, CLASSES)


def test_one_hot_rows_of_a_file_are_classes_where_softmax_is_asked_for(tmp_path):
    classes = np.arange(60) % 3
    np.savez(tmp_path / "rows.npz", X=X, y=np.eye(3)[classes])
    np.savez(tmp_path / "numbers.npz", X=X, y=classes)
    said = []
    for name in ("rows", "numbers"):
        options = ["--output", "softmax", "--layers", "4-5-3", "--epochs", "3", "--run", f"run-{name}"]
        done = chainrule("train", f"{name}.npz", *options, cwd=tmp_path)
        assert done.code == 0, done.err
        done = chainrule("evaluate", f"run-{name}/model.safetensors", "numbers.npz", cwd=tmp_path)
        said.append([line for line in done.out.splitlines() if "accuracy" in line])
    assert said[0]
    done = chainrule("evaluate", "run-rows/model.safetensors", "rows.npz", cwd=tmp_path)
    assert [line for line in done.out.splitlines() if "accuracy" in line] == said[0]
    several = Dataset(X, np.tile([[1, 1, 0]], (60, 1)), ("a", "b", "c"))
    with pytest.raises(InputError, match=r"several labels a sample.*Use output='sigmoid'"):
        Network([4, 5, 3]).fit(several, epochs=1, progress=False)
