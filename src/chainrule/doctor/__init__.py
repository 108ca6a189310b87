"""What runs on this machine, whether it computes correctly, and how fast."""
