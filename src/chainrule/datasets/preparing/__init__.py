"""Turning raw numbers into what a network takes: scaling, filled gaps, encoded categories, splits."""
