"""Asking somebody's code for its gradients: finding it, calling it, bringing back what it gave."""
