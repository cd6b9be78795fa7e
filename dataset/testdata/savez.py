"""Writes savez.npz and compressed.npz, which TestNumPyArchives reads."""

import numpy as np

rng = np.random.default_rng(0)
t = np.array([0.0, 0.5, 2.0])
ys = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
ys[1, 1, 0] = np.nan
np.savez("savez.npz", ts=t, ys=np.asfortranarray(ys), mass=np.array([3, 4]), id=np.array([7, 1000000]))
own = np.array([[0.0, 1.0, np.nan], [0.5, 2.0, 3.0]])
np.savez_compressed("compressed.npz", time=own, x=ys[:, :, 1], y=-ys[:, :, 1])
