"""The derivation of one network, printed from the functions that train it."""
