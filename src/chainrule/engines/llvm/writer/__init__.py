"""LLVM code from Python: blocks, vectors, their functions, the layout in memory, the processor."""
