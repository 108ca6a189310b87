"""Readers of files: CSV, Parquet, npz and idx; their cells, columns, headers and labels."""
