"""Which mistakes reproduce every number that the code gave, and what follows from that."""
