"""The scikit-learn estimator: `classifier` is what people hold; the rest reads its parameters and data."""
