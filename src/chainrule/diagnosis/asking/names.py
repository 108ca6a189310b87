"""The names that people give to the parts of their own backpropagation."""

from __future__ import annotations

GRADIENT = (
    "backprop", "backpropagation", "back_prop", "back_propagation", "backpropagate", "backward", "backward_pass",
    "backwards", "backward_propagation", "gradients", "compute_gradients", "gradient", "compute_gradient", "grads",
    "get_gradients", "compute_grads", "calculate_gradients", "calc_gradients", "loss_and_gradients",
    "loss_and_grads", "value_and_grad", "bprop", "grad", "backward_prop", "backprop_batch", "backward_propagate", "back_propagate", "backprop_error",
    "loss_and_grad", "forward_backward", "_backward", "_backprop",
)  # fmt: skip
STEP = (
    "step", "update_mini_batch", "train_step", "training_step", "train_on_batch", "train_batch", "update_batch",
    "update", "learn", "train_one", "train", "fit", "partial_fit", "gradient_descent", "gradient_descent_step",
    "sgd_step", "optimize", "one_step",
)  # fmt: skip
APPLY = (
    "update",
    "step",
    "update_parameters",
    "update_params",
    "update_weights",
    "apply_gradients",
    "optimize",
)
FORWARD = (
    "feedforward", "feed_forward", "forward", "forward_pass", "forward_propagation", "forward_prop", "forwardprop",
    "propagate", "predict_proba", "fprop", "_forward", "output", "predict",
)  # fmt: skip
LOSS = (
    "loss", "cost", "compute_loss", "compute_cost", "cost_function", "loss_function", "cross_entropy",
    "cross_entropy_loss", "calculate_loss", "total_loss", "total_cost", "evaluate_loss", "get_loss", "J", "bce",
    "binary_cross_entropy", "mse", "nll",
)  # fmt: skip
RATES = ("learning_rate", "lr", "eta", "alpha", "rate", "_lr", "learn_rate")
