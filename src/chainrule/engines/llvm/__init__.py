"""The fast engine: the equations, compiled by LLVM into vector code for the processor at hand.

The bodies of φ, φ', the output heads, the optimisers and the penalties are run once over vectors of
LLVM's intermediate code, as NumPy runs them over arrays. Only the order of the work, the layout in
memory and the matrix products are the engine's own.

Rooms, each of which imports only from those before it:

- ``machine``: the processor, its caches, and LLVM's compiler;
- ``writer``: integers, vectors, loops and calls that become LLVM's code;
- ``kernels``: products, updates, activations and heads, each a function of the generated code;
- ``programs``: whole programs made of kernels, for training and for prediction;
- ``analysis``: listings of generated code, and what it moves and computes;
- ``runtime``: what runs a program, and on how many threads;
- ``engine.py``: the face that `chainrule.engines.base` asks for.
"""
