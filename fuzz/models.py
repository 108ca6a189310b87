"""Model files: bytes at random, and files whose checksum is right and whose description is not."""

from __future__ import annotations

import hashlib
import json
import random
import struct
import tempfile
from pathlib import Path
from typing import Any

from chainrule import ModelFileError, Network
from chainrule.files.tensors import FORMAT
from fuzz.harness import Reader, main, mutated

PLACE = Path(tempfile.mkdtemp(prefix="fuzz-")) / "model"

NUMBERS = [
    0,
    1,
    -1,
    2,
    3,
    7,
    255,
    2**31,
    2**62,
    2**63,
    10**30,
    -(10**30),
    0.5,
    -0.0,
    1e300,
    float("nan"),
    float("inf"),
]
WORDS = [
    "",
    "relu",
    "softmax",
    "float32",
    "float64",
    "W1",
    "z",
    "z**2",
    "exp(exp(z))",
    "__import__('os')",
    "\0",
    "é" * 9,
]
LAYERS = [[10**6, 10**6], [10**9, 1], [1] * 5000, [2, 10**7, 2], [3, 4, 2.0], [True, True], [[3], 2]]


def _seeds() -> list[bytes]:
    import numpy as np

    from chainrule import Activation, Dataset, Head
    from chainrule.datasets import Scaling

    rng = np.random.default_rng(0)
    data = Dataset(rng.normal(size=(8, 3)), np.arange(8) % 2, ("no", "yes"), features=("u", "v", "w"))
    plain = Network([3, 4, 2], seed=0)
    plain.fit(data.scaled(Scaling(0.5, 2.0)), epochs=1, progress=False)
    formula = Activation.from_formula("z*sigmoid(z)", name="swish")
    heads = Head.from_formulas("softmax", "-y*(1-a)**2*log(a)", name="focal")
    networks = [plain, Network([2, 2, 1], hidden="relu", output="sigmoid", seed=1, dtype="float32")]
    networks.append(Network([2, 3, 2], hidden=formula, output=heads, seed=2))
    seeds = []
    for network in networks:
        network.save(PLACE)
        seeds.append(PLACE.read_bytes())
    return seeds


SEEDS = _seeds()


def make(rng: random.Random) -> bytes:
    """A file near to a good one."""
    seed = rng.choice(SEEDS)
    kind = rng.randrange(4)
    if kind == 0:
        return mutated(rng, seed, SEEDS)
    header, body = _split(seed)
    metadata = header["__metadata__"]
    if kind == 1:
        about = mutated(rng, metadata["chainrule"].encode(), SEEDS).decode(errors="replace")
    else:
        about = json.dumps(_changed(rng, json.loads(metadata["chainrule"])))
    if kind == 3:
        _change_tensors(rng, header)
    return _sealed(header, body, about)


def _split(content: bytes) -> tuple[dict[str, Any], bytes]:
    (length,) = struct.unpack("<Q", content[:8])
    header: dict[str, Any] = json.loads(content[8 : 8 + length])
    return header, content[8 + length :]


def _changed(rng: random.Random, value: Any) -> Any:
    """The value with one thing in it changed, added or left out, at random."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(sorted(value))
        if rng.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return {
            **value,
            key: rng.choice(LAYERS) if key == "layers" and rng.random() < 0.3 else _changed(rng, value[key]),
        }
    if isinstance(value, list) and value and rng.random() < 0.8:
        i = rng.randrange(len(value))
        return rng.choice(
            [value[:i], value * rng.choice((2, 50)), [*value[:i], _changed(rng, value[i]), *value[i + 1 :]]]
        )
    deep: Any = 1
    for _ in range(rng.choice((1, 3, 900))):
        deep = [deep]
    return rng.choice(
        [None, True, rng.choice(NUMBERS), rng.choice(WORDS), [], {}, deep, [rng.choice(NUMBERS)] * 3]
    )


def _change_tensors(rng: random.Random, header: dict[str, Any]) -> None:
    names = sorted(set(header) - {"__metadata__"})
    tensor = header[rng.choice(names)]
    kind = rng.randrange(4)
    if kind == 0:
        tensor["shape"] = rng.choice([[], [0], tensor["shape"][::-1], [*tensor["shape"], 1], [2**40, 2**40]])
    elif kind == 1:
        tensor["dtype"] = rng.choice(
            ["F32", "F64", "F16", "BF16", "I64", "U8", "BOOL", "F8_E4M3", "C64", "X"]
        )
    elif kind == 2:
        tensor["data_offsets"] = [rng.choice(NUMBERS[:9]), rng.choice(NUMBERS[:9])]
    else:
        header[rng.choice(["W1", "W9", "b0", "scaling.shift"])] = header.pop(rng.choice(names))


def _sealed(header: dict[str, Any], body: bytes, about: str) -> bytes:
    """The file, with the checksum that belongs to what can be read of it."""
    import numpy as np

    made_by = f"chainrule {FORMAT}"
    digest = hashlib.sha256((made_by + about).encode(errors="replace"))
    kinds = {
        "F32": np.float32,
        "F64": np.float64,
        "I64": np.int64,
        "U8": np.uint8,
        "BOOL": np.bool_,
        "F16": np.float16,
    }
    for name in sorted(set(header) - {"__metadata__"}):
        tensor = header[name]
        try:
            start, end = tensor["data_offsets"]
            array = np.frombuffer(body[start:end], kinds[tensor["dtype"]]).reshape(tensor["shape"])
        except (KeyError, ValueError, TypeError):
            continue
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    header["__metadata__"] = {"format": made_by, "chainrule": about, "sha256": digest.hexdigest()}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def read(content: bytes) -> str:
    """Load it, and use what was loaded."""
    network = Network.load(PLACE)
    network.forward([0.5] * network.layers[0])
    repr(network)
    assert network.classes
    return "loaded"


def place(content: bytes) -> None:
    """Put it where `read` looks."""
    PLACE.write_bytes(content)


def guided(data: bytes) -> bytes:
    """The bytes themselves, or a file whose description they are."""
    if data[:1] != b"{":
        return data
    header, body = _split(SEEDS[0])
    return _sealed(header, body, data.decode(errors="replace"))


CORPUS = [*SEEDS, *(_split(seed)[0]["__metadata__"]["chainrule"].encode() for seed in SEEDS)]
READER = Reader("models", make, place, read, (ModelFileError,), 5, guided, CORPUS)

if __name__ == "__main__":
    main(READER)
