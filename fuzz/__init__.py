"""Fuzzing: inputs by the hundred thousand, each of which must be taken or refused, and nothing else."""
