"""The theorems, a module for each subject: activations, heads, layers, networks, optimisers."""
