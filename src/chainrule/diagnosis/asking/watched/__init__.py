"""Programs that are asked by running them as they stand, up to the first step of their own training.

``hooks``: the program with a call before and after each turn of a loop; ``places``: where its arrays stand;
``network``: which of them are weights, biases, inputs and targets; ``run``: one run up to the end of a turn;
``forms``: the runs as a `Form`; ``stand_ins``: modules and data that are not there.
"""
