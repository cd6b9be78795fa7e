// Package drivertest lets tests of package driver, and of what stands on it, run without a GPU: on a driver, an NVRTC and
// a cuBLAS that are fakes (see the comments in fake/*.c for what they do and can be told), and on the real NVRTC, which
// needs no GPU.
//
// What a machine lacks for a test skips it, or fails it where NEURALODE_REQUIRE_CUDA_TESTS asks for it: see Required.
package drivertest
