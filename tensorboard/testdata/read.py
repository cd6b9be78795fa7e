"""Prints what TensorBoard reads from a folder of event files: python read.py FOLDER"""

import json
import sys

from tensorboard.backend.event_processing import event_accumulator, tag_types
from tensorboard.util import tensor_util

events = event_accumulator.EventAccumulator(sys.argv[1], size_guidance={tag_types.SCALARS: 0, tag_types.TENSORS: 0, tag_types.IMAGES: 0})
events.Reload()
tags = events.Tags()
print(json.dumps({
    "scalars": {tag: [[e.step, e.value, e.wall_time] for e in events.Scalars(tag)] for tag in tags["scalars"]},
    "images": {tag: [[e.step, e.width, e.height, len(e.encoded_image_string)] for e in events.Images(tag)] for tag in tags["images"]},
    "texts": {tag: [[e.step, tensor_util.make_ndarray(e.tensor_proto).item().decode()] for e in events.Tensors(tag)] for tag in tags["tensors"]},
}))
