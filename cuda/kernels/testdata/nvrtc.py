"""Compiles CUDA C with NVRTC and prints what ptxas says of each kernel: arch, name, registers, bytes spilled.

usage: nvrtc.py LIBRARY SOURCE ARCH[,ARCH...] OPTION...
"""
import ctypes
import re
import sys

library, source, archs, options = ctypes.CDLL(sys.argv[1]), sys.argv[2], sys.argv[3].split(","), sys.argv[4:]
for arch in archs:
    program = ctypes.c_void_p()
    text = open(source, "rb").read()
    library.nvrtcCreateProgram(ctypes.byref(program), text, b"kernels.cu", 0, None, None)
    flags = [o.encode() for o in options + ["--gpu-architecture=" + arch, "--ptxas-options=-v"]]
    code = library.nvrtcCompileProgram(program, len(flags), (ctypes.c_char_p * len(flags))(*flags))
    size = ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    log = log.value.decode()
    if code or "warning" in log:
        sys.exit(log)
    found = re.findall(r"entry function '(\w+)'.*?(\d+) bytes spill stores, (\d+) bytes spill loads.*?Used (\d+) registers", log, re.S)
    for name, stores, loads, registers in found:
        print(arch, name, registers, int(stores) + int(loads))
