// Package mpi is the few calls of MPI that a training in ranks needs: bytes from one process to another and from the
// first to all, in the world of all processes that a launcher started. The library is opened at run time, so that a
// program with this package starts where there is none: Open MPI, MPICH (also Intel's, Cray's and MVAPICH, which have
// its binary interface), or any library with the standard interface of MPI 5.
package mpi
