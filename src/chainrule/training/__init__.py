"""Training: the plan, the loop over epochs and mini-batches, checkpoints, and going on from one."""
