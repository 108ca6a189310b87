"""Files that are written wholly or not at all, files of tensors, and locks on folders."""
