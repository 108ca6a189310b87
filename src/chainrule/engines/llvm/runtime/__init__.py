"""What runs a program: the trainer, the predictors, and the choice of how many threads."""
