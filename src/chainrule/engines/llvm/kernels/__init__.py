"""The inner loops: matrix products over tiles, updates, rows of activations and outputs."""
