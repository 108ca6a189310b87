"""What four libraries' classifiers can do, found by doing it: the table of `docs/estimator.md`."""
