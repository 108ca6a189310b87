"""Proofs: the function bodies that train the network, run by SymPy and compared with their claims.

``symbolic`` interprets the equations at given sizes, ``entries`` at any; ``claims`` and ``sizes`` say what
can be claimed of them, ``theorems`` is the table of what is claimed, and ``mutants`` are wrong equations
that the prover must reject. ``numeric`` compares the gradients of one network with differences of its loss.
Nothing that trains or predicts imports this package.
"""
