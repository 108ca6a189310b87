"""The fast engine: the equations, compiled by LLVM into vector code for the processor at hand.

The bodies of φ, φ', the output heads, the optimisers and the penalties are run once over vectors of
LLVM's intermediate code, as NumPy runs them over arrays. Only the order of the work, the layout in
memory and the matrix products are written anew.
"""
