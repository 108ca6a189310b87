"""Data larger than memory: blocks of rows, read again in every epoch."""
