"""The mathematics: pure functions over a namespace ``xp``. Nothing here imports an array library.

Every function names its equation by the tag that the derivation uses (F1, F2, H1 … B4, P1, …). The
same bodies are run by NumPy to train, and by any other interpreter of `chainrule.types.Namespace`.
"""
