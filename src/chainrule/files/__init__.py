"""Files that are written wholly or not at all, signed files, files of tensors, locks, and data files."""
