"""Backpropagation with cross-entropy: derived, proven and trained by the same equations."""

__version__ = "0.1.0"
