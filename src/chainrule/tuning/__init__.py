"""Search for good settings by scikit-learn's successive halving, which can be stopped and resumed.

``space`` draws the candidates, ``journal`` keeps every finished fit, ``search`` runs the rounds: all
candidates for a few epochs, the best third of them for three times as many, and so on.
"""

from chainrule.tuning.journal import Fit, Journal
from chainrule.tuning.search import Rounds, search
from chainrule.tuning.space import Settings, candidates

__all__ = ["Fit", "Journal", "Rounds", "Settings", "candidates", "search"]
