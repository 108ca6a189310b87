"""Every check that scikit-learn has for a classifier. `python -m benchmarks.estimator_checks` counts them."""

from __future__ import annotations

from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import ChainruleClassifier


@parametrize_with_checks([ChainruleClassifier()])
def test_check(estimator, check):
    check(estimator)


def test_several_labels_and_sparse_data_are_declared():
    """So that the checks above are those for them, too."""
    tags = ChainruleClassifier().__sklearn_tags__()
    assert tags.classifier_tags.multi_label
    assert tags.classifier_tags.multi_class
    assert tags.input_tags.sparse
