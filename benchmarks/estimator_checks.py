"""Run every check that scikit-learn has for a classifier on `ChainruleClassifier`, and count.

SCIPY_ARRAY_API=1 python -m benchmarks.estimator_checks    # without it, scikit-learn skips one
"""

from __future__ import annotations

import warnings
from collections import Counter

import sklearn
from sklearn.utils.estimator_checks import check_estimator

from chainrule import ChainruleClassifier


def main() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(ChainruleClassifier(), on_skip=None, on_fail=None)
    counts = Counter(result["status"] for result in results)
    print(
        f"scikit-learn {sklearn.__version__}, check_estimator(ChainruleClassifier()): {len(results)} checks, "
        f"{counts['passed']} passed, {counts['failed']} failed, {counts['xfail']} declared to fail, "
        f"{counts['skipped']} skipped"
    )
    for result in results:
        if result["status"] != "passed":
            print(f"{result['status']}: {result['check_name']}: {result['exception']}")


if __name__ == "__main__":
    main()
