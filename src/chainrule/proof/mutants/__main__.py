"""``python -m chainrule.proof.mutants``: the prover is given every wrong equation of the catalogue."""

from chainrule.proof.mutants.examine import main

main()
