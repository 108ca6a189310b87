"""Which equation is wrong in somebody else's backpropagation.

``observe`` asks the code, in whatever form it is (``functions``, ``objects``), for its gradients on random
networks;
``backprop`` runs our equations on the same ones, with one term or two changed as ``mistakes`` and the
catalogue say;
``search`` keeps the changes that reproduce every number; ``judge`` and ``report`` say what that means.
``process`` and ``child`` run a file apart from us.
"""

from chainrule.diagnosis.diagnosis import Diagnosis, diagnose, diagnose_file

__all__ = ["Diagnosis", "diagnose", "diagnose_file"]
