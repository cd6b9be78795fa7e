"""Times the PyTorch libraries: python torch_peer.py torchdiffeq-backprop|torchdiffeq-adjoint|torchode FILE"""

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "2")

import torch

import case

torch.set_num_threads(case.THREADS)
DEVICE = os.environ.get("PEER_PLATFORM", "cpu").replace("cuda", "cuda:0")


class Field(torch.nn.Module):
    def __init__(self, weights, biases):
        super().__init__()
        self.weights = torch.nn.ParameterList([torch.tensor(w) for w in weights])
        self.biases = torch.nn.ParameterList([torch.tensor(b) for b in biases])
        self.evaluations = 0

    def forward(self, t, z):
        self.evaluations += 1
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            z = torch.nn.functional.linear(z, w, b)
            if i + 1 < len(self.weights):
                z = torch.tanh(z)
        return z


def solver_of(mode, field, x, t0, t1):
    """Returns (version, a function from x to z(t1))."""
    if mode.startswith("torchdiffeq"):
        import torchdiffeq
        times = torch.tensor([t0, t1], device=DEVICE)
        odeint = torchdiffeq.odeint_adjoint if mode.endswith("adjoint") else torchdiffeq.odeint
        return torchdiffeq.__version__, lambda: odeint(field, x, times, rtol=case.RTOL, atol=case.ATOL, method="dopri5")[-1]
    import importlib.metadata
    import torchode
    term = torchode.ODETerm(field)
    method = torchode.AutoDiffAdjoint(torchode.Dopri5(term=term),
                                      torchode.IntegralController(atol=case.ATOL, rtol=case.RTOL, term=term))
    n = len(x)
    problem = torchode.InitialValueProblem(y0=x, t_start=torch.full((n,), t0, device=DEVICE), t_end=torch.full((n,), t1, device=DEVICE))
    return importlib.metadata.version("torchode"), lambda: method.solve(problem).ys[:, -1]


def main(mode, path):
    weights, biases, x, label, t0, t1 = case.load(path)
    field = Field(weights, biases).to(DEVICE)
    x, label = torch.tensor(x, device=DEVICE), torch.tensor(label, device=DEVICE)
    version, solve = solver_of(mode, field, x, t0, t1)
    adam = torch.optim.Adam(field.parameters(), lr=1e-30)  # the same work, and θ stays as it was
    last = {}

    def run():
        field.evaluations = 0
        adam.zero_grad()
        z1 = solve()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z1[:, 0], label)
        last.update(nfe=field.evaluations)
        loss.backward()
        adam.step()
        last.update(loss=loss.item())

    name, _, kind = mode.partition("-")
    case.report(name, kind or "backprop", version, path, case.measure(run), **last)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
