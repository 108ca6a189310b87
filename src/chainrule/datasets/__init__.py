"""Data sets: bundled, cached, downloaded once, or read from a file.

    load("mnist")            a pair (train, test) of `Dataset`, scaled and ready
    load("flowers.csv")      the same from a file: split 80/20, scaled by its training part
    read("flowers.csv")      one `Dataset` with the raw numbers of a file
    read_features(...)       the raw numbers alone, for a file without labels
    open_stream("big.parquet", target="y")   the same from a file larger than memory, read in each epoch
    names()                  what `load` knows by name

Tables may have gaps, columns of words, and numbers as people write them; a `Preprocessing` turns them into
numbers. Numbers are raw until a `Scaling` turns them into a network's inputs. A `Dataset` remembers both.
"""

from chainrule.datasets.dataset import Dataset
from chainrule.datasets.loading import load, names
from chainrule.datasets.preparing.notation import Notation
from chainrule.datasets.preparing.preprocessing import Input, Preprocessing
from chainrule.datasets.preparing.scaling import Scaling
from chainrule.datasets.streams.parquet_stream import ParquetStream, Stream, open_stream
from chainrule.datasets.tables.reading import read, read_features

__all__ = [
    "Dataset",
    "Input",
    "Notation",
    "ParquetStream",
    "Preprocessing",
    "Scaling",
    "Stream",
    "load",
    "names",
    "open_stream",
    "read",
    "read_features",
]
