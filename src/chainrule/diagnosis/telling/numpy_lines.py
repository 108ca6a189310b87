"""The equations as lines of NumPy in somebody's own convention: rows or columns, (out, in) or (in, out)."""

from __future__ import annotations

from typing import NamedTuple

from chainrule.files.texts import texts

LINES = texts("diagnosis/telling/numpy_lines.toml")
RIGHT_LINES: dict[str, str] = LINES["right"]


class Pieces(NamedTuple):
    """Pieces of code: ``back`` is (W^{L+1})ᵀδ^{L+1}, ``outer`` δ^L (a^{L−1})ᵀ, ``sum`` over samples."""

    z: str
    back: str
    back_wrong: str
    outer: str
    outer_wrong: str
    sum: str
    N: str
    d_phi: str
    over: str

    def line(self, template: str) -> str:
        """``template`` with the pieces filled in."""
        return template.format(**self._asdict())


def pieces_of(samples: str, out_in: bool, hidden: str, mean: bool) -> Pieces:
    """The pieces for ``samples`` "rows", "columns" or "vectors"."""
    T = ".T"
    if samples == "rows":
        W, V = ("W[l].T", "W[l+1]") if out_in else ("W[l]", "W[l+1].T")
        z, back = f"a[l-1] @ {W} + b[l]", f"delta @ {V}"
        outer = "delta.T @ a[l-1]" if out_in else "a[l-1].T @ delta"
        wrong = "a[l-1].T @ delta" if out_in else "delta.T @ a[l-1]"
        total, N = "delta.sum(axis=0)", "len(x)"
    else:
        W, V = ("W[l]", "W[l+1].T") if out_in else ("W[l].T", "W[l+1]")
        z, back = f"{W} @ a[l-1] + b[l]", f"{V} @ delta"
        outer, wrong = "delta @ a[l-1].T", "a[l-1] @ delta.T"
        if samples == "vectors":
            outer, wrong = "np.outer(delta, a[l-1])", "np.outer(a[l-1], delta)"
        if not out_in:
            outer, wrong = wrong, outer
        total, N = (
            ("delta.sum(axis=1, keepdims=True)", "x.shape[1]") if samples == "columns" else ("delta", "1")
        )
    back_wrong = back.replace(V, V.removesuffix(T) if V.endswith(T) else V + T)
    name, _, leak = hidden.partition(" ")
    d_phi = LINES["slopes"].get(name, f"d_{hidden}(z[l])").replace("LEAK", leak or "0.01")
    return Pieces(z, back, back_wrong, outer, wrong, total, N, d_phi, f" / {N}" if mean else "")
