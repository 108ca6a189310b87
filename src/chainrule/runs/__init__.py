"""The folder of a training run: its files, what is recorded in it, and reading it."""
