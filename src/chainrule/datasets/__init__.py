"""Data sets: bundled, cached, downloaded once, or read from a file.

    load("mnist")            a pair (train, test) of `Dataset`, scaled and ready
    load("flowers.csv")      the same from a file: split 80/20, scaled by its training part
    read("flowers.csv")      one `Dataset` with the raw numbers of a file
    read_features(...)       the raw numbers alone, for a file without labels
    names()                  what `load` knows by name

Numbers are raw until a `Scaling` turns them into a network's inputs; a `Dataset` remembers which one did.
"""

from chainrule.datasets.dataset import Dataset
from chainrule.datasets.loading import load, names
from chainrule.datasets.preprocessing import Preprocessing
from chainrule.datasets.reading import read, read_features
from chainrule.datasets.scaling import Scaling

__all__ = ["Dataset", "Preprocessing", "Scaling", "load", "names", "read", "read_features"]
