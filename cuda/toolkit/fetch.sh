#!/usr/bin/env bash
# fetch.sh headers|nvrtc FOLDER: puts a part of CUDA 12.9 into FOLDER, from the wheel that the file beside this one pins
# by its hash: include/cuda.h, or lib/libnvrtc.so.12 and what it loads. Needs python3 with pip.
set -euo pipefail

part=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
case $part in
headers) pattern='nvidia/cuda_runtime/include/cuda.h' to=include ;;
nvrtc) pattern='nvidia/cuda_nvrtc/lib/libnvrtc*' to=lib ;;
*) echo "fetch.sh: unknown part $part" >&2 && exit 2 ;;
esac
case $(uname -m) in
x86_64 | aarch64) ;;
*) echo "fetch.sh: there is no CUDA for $(uname -m)" >&2 && exit 1 ;;
esac

mkdir -p "$folder/$to"
work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
	--platform "manylinux2014_$(uname -m)" --requirement "$here/$part.txt" --dest "$work"
# Files appear under their names only when they are complete.
python3 - "$work" "$pattern" "$folder/$to" <<'PYTHON'
import fnmatch, os, pathlib, sys, zipfile

work, pattern, to = sys.argv[1:]
(wheel,) = pathlib.Path(work).glob("*.whl")
with zipfile.ZipFile(wheel) as z:
    names = [n for n in z.namelist() if fnmatch.fnmatch(n, pattern) and ".alt." not in n]
    if not names:
        sys.exit(f"{wheel.name} has no {pattern}")
    # the main library last: who finds it has the rest
    for name in sorted(names, key=lambda n: ("builtins" not in n, n)):
        part = pathlib.Path(work, "part")
        part.write_bytes(z.read(name))
        os.replace(part, pathlib.Path(to, pathlib.PurePosixPath(name).name))
PYTHON
