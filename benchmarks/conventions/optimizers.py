"""First steps of Adam, weight decay, schedules and initial weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.conventions.base import Row, number, numbers

STEEP, FLAT, TINY = 1.0, 0.0, 1e-8
"""Gradients of a first step; TINY is as large as Adam's ε."""


def step_ours(gradient: float, theta: float = 0.0, name: str = "adam", **options: float) -> float:
    """How far one step with learning rate 1 takes θ."""
    from chainrule.engines.reference import NUMPY
    from chainrule.equations.optimizers import OPTIMIZERS, descend

    optimizer = OPTIMIZERS[name](**options)
    at, g = np.array([theta]), np.array([gradient])
    direction, _ = optimizer.update(NUMPY, g, optimizer.init(NUMPY, at))
    return theta - float(descend(at, direction, 1.0, optimizer.weight_decay)[0])


def step_torch(gradient: float, theta: float = 0.0, name: str = "Adam", **options: float) -> float:
    import torch

    p = torch.nn.Parameter(torch.tensor([theta], dtype=torch.float64))
    optimizer = getattr(torch.optim, name)([p], lr=1.0, **options)
    p.grad = torch.tensor([gradient], dtype=torch.float64)
    optimizer.step()
    return theta - float(p)


def step_optax(gradient: float, theta: float = 0.0, name: str = "adam", **options: float) -> float:
    import jax.numpy as jnp
    import optax

    optimizer, p = getattr(optax, name)(1.0, **options), jnp.array([theta])
    update, _ = optimizer.update(jnp.array([gradient]), optimizer.init(p), p)
    return -float(update[0])


def step_keras(gradient: float, theta: float = 0.0, name: str = "Adam", **options: float) -> float:
    import keras

    variable = keras.Variable(np.array([theta]), dtype="float64")
    optimizer = getattr(keras.optimizers, name)(1.0, **options)
    optimizer.build([variable])
    optimizer.apply([keras.ops.convert_to_tensor(np.array([gradient]))], [variable])
    return theta - float(keras.ops.convert_to_numpy(variable)[0])


def step_mlx(gradient: float, theta: float = 0.0, name: str = "Adam", **options: float) -> float:
    import mlx.core as mx
    import mlx.optimizers as optimizers

    made = getattr(optimizers, name)(1.0, **options)
    return theta - made.apply_gradients({"p": mx.array([gradient])}, {"p": mx.array([theta])})["p"].item()


STEPS: dict[str, Callable[..., float]] = {
    "chainrule": step_ours, "PyTorch": step_torch, "optax": step_optax, "Keras": step_keras, "MLX": step_mlx,
}  # fmt: skip


def first_steps(step: Callable[..., float]) -> Callable[[], str]:
    """The steps for a gradient of 1 and one of 1e-8."""
    return lambda: numbers([step(STEEP), step(TINY)])


def decays(step: Callable[..., float], name: str) -> Callable[[], str]:
    """What AdamW takes from a weight of 1 whose gradient is 0, at a decay of 0.01."""
    return lambda: number(step(FLAT, 1.0, name, weight_decay=0.01))


def drops_ours() -> str:
    """A schedule that falls to a tenth after five epochs: the shares of epochs five to seven."""
    from chainrule.training.schedules import SCHEDULES

    schedule = SCHEDULES["step"](0.1, 2)
    return numbers(schedule.share(done, 10) for done in (4, 5, 6))


def drops_torch() -> str:
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule, rates = torch.optim.lr_scheduler.MultiStepLR(optimizer, [5]), []
    for _ in range(7):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return numbers(rates[4:])


def drops_keras() -> str:
    import keras

    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([5], [1.0, 0.1])
    return numbers(float(schedule(step)) for step in (4, 5, 6))


def drops_optax() -> str:
    import optax

    schedule = optax.piecewise_constant_schedule(1.0, {5: 0.1})
    return numbers(float(schedule(step)) for step in (4, 5, 6))


def beyond_ours() -> str:
    """Cosine over four epochs, asked for the fifth to seventh."""
    from chainrule.training.schedules import SCHEDULES

    return numbers(SCHEDULES["cosine"]().share(done, 4) for done in (3, 4))


def beyond_torch() -> str:
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule, rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4), []
    for _ in range(7):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return numbers(rates[3:])


def beyond_keras() -> str:
    import keras

    return numbers(float(keras.optimizers.schedules.CosineDecay(1.0, 4)(step)) for step in range(3, 7))


def beyond_optax() -> str:
    import optax

    return numbers(float(optax.cosine_decay_schedule(1.0, 4)(step)) for step in range(3, 7))


def cycle_torch() -> str:
    """The rates of the last three of ten steps, and of an eleventh."""
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule, rates = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10), []
    try:
        for _ in range(12):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
    except ValueError as error:
        return f"{numbers(rates[8:])}, then {type(error).__name__}"
    return numbers(rates[8:])


def cycle_optax() -> str:
    import optax

    schedule = optax.cosine_onecycle_schedule(10, 1.0)
    return numbers(float(schedule(step)) for step in range(8, 12))


N_IN, N_OUT = 400, 2000
"""Width below and width of the layer whose initial weights are looked at."""


def spread(W: np.ndarray) -> str:
    """The standard deviation, in units of √(1/n)."""
    return f"{np.std(W) * N_IN**0.5:.2f}"


def he_ours() -> str:
    from chainrule.model.initializers import INITIALIZERS

    return spread(INITIALIZERS["he"](np.random.default_rng(0), N_OUT, N_IN).W)


def he_torch() -> str:
    import torch

    torch.manual_seed(0)
    layer = torch.nn.Linear(N_IN, N_OUT).weight.detach().numpy()
    return (
        f"{spread(torch.nn.init.kaiming_normal_(torch.empty(N_OUT, N_IN)).numpy())}; Linear's own"
        f" {spread(layer)}"
    )


def he_keras() -> str:
    import keras

    return spread(keras.ops.convert_to_numpy(keras.initializers.HeNormal(0)((N_IN, N_OUT))))


def he_jax() -> str:
    import jax

    return spread(np.asarray(jax.nn.initializers.he_normal()(jax.random.key(0), (N_IN, N_OUT))))


def he_mlx() -> str:
    import mlx.core as mx
    import mlx.nn as nn

    mx.random.seed(0)
    return spread(np.array(nn.init.he_normal()(mx.zeros((N_OUT, N_IN)))))


ROWS = [
    Row(
        "First step of Adam at learning rate 1, for a gradient of 1; of 1e-8",
        "G1, adam",
        {tool: first_steps(step) for tool, step in STEPS.items()},
        "Keras adds ε = 1e-7 to √v before the bias is corrected, which is 1e-7/√(1 − β₂) ≈ 3e-6 in our form:"
        " small gradients make far smaller steps. MLX does not correct the bias unless asked"
        " (`bias_correction=True`): its first step is √10 times as long.",
    ),
    Row(
        "AdamW: what a step takes from a weight of 1 with gradient 0 (learning rate 1, decay 0.01)",
        "G1, adamw: θ − η (d + λθ)",
        {
            "chainrule": decays(step_ours, "adamw"),
            "PyTorch": decays(step_torch, "AdamW"),
            "optax": decays(step_optax, "adamw"),
            "Keras": decays(step_keras, "AdamW"),
            "MLX": decays(step_mlx, "AdamW"),
        },
        "Nothing: all multiply the decay by the learning rate. PyTorch's `Adam(weight_decay=…)` is another"
        " thing: it adds λθ to the gradient, as `--l2` does here, and Adam then divides it out.",
    ),
    Row(
        "A fall to a tenth after 5: the rates of the fifth, sixth and seventh epoch or step",
        "schedule step",
        {"chainrule": drops_ours, "PyTorch": drops_torch, "Keras": drops_keras, "optax": drops_optax},
        "Keras's boundary belongs to the old rate: its fall comes a step later. Give it one less.",
    ),
    Row(
        "Cosine over 4: the fourth rate, and those beyond the end",
        "schedule cosine",
        {"chainrule": beyond_ours, "PyTorch": beyond_torch, "Keras": beyond_keras, "optax": beyond_optax},
        "PyTorch's rate rises again beyond the end, Keras's and optax's stay 0. Here the number of epochs is"
        " the schedule's, so there is nothing beyond.",
    ),
    Row(
        "One cycle over 10 steps: rates from the ninth on",
        "none: the schedule is not built in",
        {"chainrule": lambda: "–", "PyTorch": cycle_torch, "optax": cycle_optax},
        "PyTorch's eleventh rate rises to what the ninth was before the twelfth is refused.",
    ),
    Row(
        "He's initial weights: standard deviation, in units of √(1/n)",
        "initializer he: √(2/n)",
        {"chainrule": he_ours, "PyTorch": he_torch, "Keras": he_keras, "JAX": he_jax, "MLX": he_mlx},
        "MLX's he_normal has no factor √2 unless `gain` says so, and PyTorch's Linear does not use He's: set"
        " weights yourself when comparing runs.",
    ),
]
