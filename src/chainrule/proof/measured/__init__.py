"""Gradients compared with centred differences of the loss: `gradient_check` and its report."""
