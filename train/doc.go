// Package train fits a neural ODE to data: it owns the data set, the order of the minibatches, the run folder with its
// checkpoints, and the events that observers see. The iterations themselves run on a solver.Backend.
//
// The same configuration and data give the same bits on backends of one arithmetic (see solver.Backend), whether a run
// goes through or is stopped and resumed, and for any number of workers.
package train
