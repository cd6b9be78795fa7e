"""What the notebooks begin with: %neuralode ... runs the program, %%go a Go program that may use the library."""

import io, pathlib, shlex, subprocess

import matplotlib.pyplot as plt
import numpy as np
import PIL.Image
from IPython.core.magic import register_cell_magic, register_line_magic
from IPython.display import Image, display

root = next(p for p in [pathlib.Path.cwd(), *pathlib.Path.cwd().parents] if (p / "go.mod").exists())
work = root / ".cache" / "notebook"  # what the notebooks write
work.mkdir(parents=True, exist_ok=True)
work = work.resolve()


def run(*command):
    done = subprocess.run(command, cwd=work, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = done.stdout.replace(f"{work}/", "").replace(f"{root.resolve()}/", "")
    lines = [line for line in said.splitlines() if not line.startswith("using the CPU")]
    progress = [line for line in lines if line.startswith("iteration ")]
    for line in lines:  # of the progress some lines are enough
        if line not in progress or progress.index(line) % 5 == 0:
            print(line)
    if done.returncode:
        raise RuntimeError(f"{command[0].name} ended with status {done.returncode}")


def fresh(*runs):
    "Removes runs of these names."
    subprocess.run(["rm", "-rf", *(work / name for name in runs)], check=True)


def shrunk(picture, width):
    "A picture in so many pixels."
    picture = picture.convert("RGB")
    return picture.resize((width, width * picture.height // picture.width), PIL.Image.LANCZOS)


def show(picture, most=64):
    "A picture in few colours."
    file = io.BytesIO()
    picture.quantize(most).save(file, "png", optimize=True)
    display(Image(file.getvalue()))


def figure(path, width):
    "A picture of a run."
    show(shrunk(PIL.Image.open(path), width))


def moments(path, at, width):
    "Some pictures of an animation, by how far into it they are, one below the other."
    animation = PIL.Image.open(path)
    pictures = []
    for part in at:
        animation.seek(round(part * (animation.n_frames - 1)))
        pictures.append(shrunk(animation, width))
    column = PIL.Image.new("RGB", (width, sum(p.height for p in pictures)))
    for i, p in enumerate(pictures):
        column.paste(p, (0, i * p.height))
    show(column, 256)


@register_line_magic
def neuralode(line):
    "Runs the program in the notebook's working folder."
    run(work / "neuralode", *shlex.split(line))


@register_cell_magic
def go(line, cell):
    "Runs a Go program, which may import this module's packages, in the working folder."
    folder = work / "cell"
    folder.mkdir(exist_ok=True)
    (folder / "main.go").write_text(cell)
    subprocess.run(["go", "build", "-o", folder / "cell", "./.cache/notebook/cell"], cwd=root, check=True)
    run(folder / "cell")


subprocess.run(["go", "build", "-o", work / "neuralode", "./cmd/neuralode"], cwd=root, check=True)
plt.rcParams.update({"figure.dpi": 90, "axes.spines.top": False, "axes.spines.right": False})
colours = np.array(["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"])
