"""A network without its training: layers, functions, parameters, checks of input, prediction, files."""
