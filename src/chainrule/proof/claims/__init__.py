"""What can be claimed of an equation, and how SymPy decides it, at given sizes and at any."""
