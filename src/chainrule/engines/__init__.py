"""What runs the equations."""
