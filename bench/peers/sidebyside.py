"""Prints a table of answers, gradients and steps of neuralode, diffrax and torchdiffeq on one network, compared with the
answers of its reference file: python sidebyside.py PROGRAM FILE. In float64, each library with Dormand and Prince's method."""

import json
import os
import subprocess
import sys

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
import torchdiffeq
from safetensors.numpy import load_file

jax.config.update("jax_enable_x64", True)
TOLERANCES = [(1e-3, 1e-6), (1e-6, 1e-9)]
T0, T1 = 0.0, 1.0


def errors(known, z1, gradient):
    """The largest error of z(t1), and the largest relative error of the gradient over the tensors."""
    off = lambda name: np.linalg.norm(gradient[name] - known["grad." + name]) / np.linalg.norm(known["grad." + name])
    return np.abs(z1 - known["z1"]).max(), max(off(name) for name in gradient)


def with_neuralode(program, path, mode, rtol, atol):
    command = [program, "verify", path, "--json", "--device", "cpu", "--gradient", mode, "--rtol", str(rtol), "--atol", str(atol)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return None
    said = json.loads(done.stdout)
    return said["z1"], said["grad"], said["steps_mean"]


def field(t, z, theta):
    layers = len(theta) // 2
    for i in range(layers):
        z = theta[f"layers.{i}.weight"] @ z + theta[f"layers.{i}.bias"]
        z = jnp.tanh(z) if i + 1 < layers else z
    return z


def with_diffrax(known, theta, adjoint, rtol, atol):
    def loss(theta):
        one = lambda x: diffrax.diffeqsolve(
            diffrax.ODETerm(field), diffrax.Dopri5(), T0, T1, None, x, theta, max_steps=4096, adjoint=adjoint,
            stepsize_controller=diffrax.PIDController(rtol=rtol, atol=atol))
        solution = jax.vmap(one)(known["x"])
        z1 = solution.ys[:, 0]
        return optax.sigmoid_binary_cross_entropy(z1[:, 0], known["label"]).mean(), (z1, solution.stats["num_steps"])

    (_, (z1, steps)), gradient = jax.value_and_grad(loss, has_aux=True)({k: jnp.asarray(v) for k, v in theta.items()})
    return *errors(known, np.asarray(z1), {k: np.asarray(v) for k, v in gradient.items()}), float(steps.mean())


class Net(torch.nn.Module):
    def __init__(self, theta):
        super().__init__()
        self.layers = len(theta) // 2
        self.theta = torch.nn.ParameterDict({k.replace(".", "_"): torch.tensor(v) for k, v in theta.items()})
        self.calls = 0

    def forward(self, t, z):
        self.calls += 1
        for i in range(self.layers):
            z = torch.nn.functional.linear(z, self.theta[f"layers_{i}_weight"], self.theta[f"layers_{i}_bias"])
            z = torch.tanh(z) if i + 1 < self.layers else z
        return z


def with_torchdiffeq(known, theta, solve, rtol, atol):
    net = Net(theta)
    z1 = solve(net, torch.tensor(known["x"]), torch.tensor([T0, T1], dtype=torch.float64), rtol=rtol, atol=atol, method="dopri5")[-1]
    steps = (net.calls - 2) / 6  # the starting step takes two evaluations
    torch.nn.functional.binary_cross_entropy_with_logits(z1[:, 0], torch.tensor(known["label"])).backward()
    gradient = {k: net.theta[k.replace(".", "_")].grad.numpy() for k in theta}
    return *errors(known, z1.detach().numpy(), gradient), steps


def main(program, path):
    known = load_file(path)
    theta = {k: v for k, v in known.items() if k.startswith("layers.")}
    rows = {
        "neuralode, `adjoint`": lambda *tolerance: with_neuralode(program, path, "adjoint", *tolerance),
        "diffrax, `BacksolveAdjoint`": lambda *tolerance: with_diffrax(known, theta, diffrax.BacksolveAdjoint(), *tolerance),
        "neuralode, `backsolve`": lambda *tolerance: with_neuralode(program, path, "backsolve", *tolerance),
        "torchdiffeq, `odeint_adjoint`": lambda *tolerance: with_torchdiffeq(known, theta, torchdiffeq.odeint_adjoint, *tolerance),
        "neuralode, `discrete`": lambda *tolerance: with_neuralode(program, path, "discrete", *tolerance),
        "diffrax, `RecursiveCheckpointAdjoint`": lambda *tolerance: with_diffrax(known, theta, diffrax.RecursiveCheckpointAdjoint(), *tolerance),
        "torchdiffeq, `odeint`": lambda *tolerance: with_torchdiffeq(known, theta, torchdiffeq.odeint, *tolerance),
    }
    print("| | rtol, atol | steps | z(t1) | ∂L/∂θ |\n|---|---|---|---|---|")
    for rtol, atol in TOLERANCES:
        for name, solve in rows.items():
            found = solve(rtol, atol)
            cells = "refused: z drifts | | |" if found is None else f"{found[2]:.1f} | {found[0]:.1e} | {found[1]:.1e} |"
            print(f"| {name} | {rtol:g}, {atol:g} | {cells}")


main(*sys.argv[1:])
