"""Whole programs of generated code, for training and for prediction: what is in one, and how it is built."""
