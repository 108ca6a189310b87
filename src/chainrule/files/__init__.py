"""Files that are written wholly or not at all, files of tensors, locks on folders, and texts of the package."""
