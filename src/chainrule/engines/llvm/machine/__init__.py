"""The machine that code is made for: its processor with registers and caches, and the compiler."""
