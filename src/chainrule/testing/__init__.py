"""Assertions for the tests of people who write backpropagation themselves, and of their teachers."""

from chainrule.testing.backprop import BackpropagationError, assert_backprop

__all__ = ["BackpropagationError", "assert_backprop"]
