"""The checker is checked: wrong equations, each of which the proof and the measurement must both reject.

Most are mistakes that people make when they write backpropagation by hand. A mutant stands in for the
shipped function wherever that is used, and the theorems of its tag are examined as they always are. Those
that are right for the sizes at which it is easy to look are rejected by the proofs for any sizes alone.
"""

from __future__ import annotations

from typing import NamedTuple

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.heads import HEADS
from chainrule.errors import entry
from chainrule.proof.claims.sizes import is_general
from chainrule.proof.claims.theorem import TOLERANCE
from chainrule.proof.mutants.wrong import MUTANTS, Mutant, applied
from chainrule.proof.theorems import select


class Verdict(NamedTuple):
    """How the examiners judged a mutant: why the proofs failed, and the largest error measured.

    ``fixed`` are the proofs at given sizes, ``general`` those for any sizes.
    """

    mutant: Mutant
    fixed: str
    general: str
    error: float

    @property
    def failure(self) -> str:
        """Why the proof failed, or nothing."""
        return self.fixed or self.general

    @property
    def killed(self) -> bool:
        """Whether both rejected it."""
        return bool(self.failure) and self.error > TOLERANCE


def judge(mutant: Mutant) -> Verdict:
    """Examine the theorems of its tag while the mutant is in place."""
    theorems = select((mutant.tag,))
    with applied(mutant):
        fixed, general = (
            next((why for theorem in theorems if (why := theorem.prove(which))), "")
            for which in (lambda claim: not is_general(claim), is_general)
        )
        error = max(theorem.measure()[0] for theorem in theorems)
    return Verdict(mutant, fixed, general, error)


def table(verdicts: list[Verdict]) -> str:
    """A line for every mutant, with the proofs that reject it and the error measured, and the kill rate."""
    lines = [
        f"{'killed  ' if v.killed else 'SURVIVED'} {v.mutant.tag:3} {v.mutant.target:26} "
        f"{'fixed' if v.fixed else '':6}{'any' if v.general else '':4}{v.error:8.1e}  {v.mutant.mistake}"
        for v in verdicts
    ]
    killed, fixed, general = (
        sum(map(bool, each)) for each in zip(*((v.killed, v.fixed, v.general) for v in verdicts), strict=True)
    )
    lines.append(f"{killed} of {len(verdicts)} mutants rejected by proof and by measurement")
    lines.append(f"proofs at fixed sizes reject {fixed}, proofs for any sizes {general}")
    return "\n".join(lines)


def complete() -> None:
    """Every built-in activation and head has a mutant.

    Raises:
        ChainruleError: one has none.
    """
    targets = {mutant.target for mutant in MUTANTS}
    for kind, table, parts in (("activation", ACTIVATIONS, ("phi", "d_phi")), ("head", HEADS, ("delta",))):
        known = {
            name: one for name, one in table.items()
            if any(getattr(one, part).__name__ in targets for part in parts)
        }  # fmt: skip
        for name in table:
            entry(kind, name, "mutant", known, "proof/mutants/wrong.py")


def main() -> None:
    """Print the table: ``python -m chainrule.proof.mutants``."""
    complete()
    print(table([judge(mutant) for mutant in MUTANTS]))
