"""A server of predictions with FastAPI and torchdiffeq: CASE=FILE uvicorn fastapi_peer:app"""

import os

import torch
from fastapi import FastAPI
from pydantic import BaseModel
from torchdiffeq import odeint

import case
from torch_peer import Field

torch.set_num_threads(1)  # two, for so few points, wait for each other
weights, biases, _, _, t0, t1 = case.load(os.environ["CASE"])
field, times, app = Field(weights, biases), torch.tensor([t0, t1]), FastAPI()


class Request(BaseModel):
    points: list[list[float]]


@app.post("/predict")
async def predict(request: Request):  # in a pool of threads, as def, it takes twice as long
    with torch.no_grad():
        z = odeint(field, torch.tensor(request.points), times, rtol=case.RTOL, atol=case.ATOL, method="dopri5")[-1]
    p = torch.sigmoid(z[:, 0]).tolist()
    return {"answers": [{"predicted": "1" if q > 0.5 else "0", "probability": {"0": 1 - q, "1": q}} for q in p]}
