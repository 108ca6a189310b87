"""What describes generated code and runs none of it: its listings, and what it moves and computes."""
