"""Which equation is wrong in somebody else's backpropagation.

The rooms, each of which imports only from those before it:

``adapters``: networks of other libraries as functions;
``catalogue``: our equations with one term or two changed, a mistake each, and what to say of it;
``asking``: finds the code, calls it on random networks, and brings back what it gave;
``verdict``: the changes that reproduce every number, and which of them is likeliest;
``telling``: the report, with the line of the code.
"""

from chainrule.diagnosis.diagnosis import Diagnosis, diagnose, diagnose_file

__all__ = ["Diagnosis", "diagnose", "diagnose_file"]
