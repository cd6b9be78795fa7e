// Package live shows a run on one page in a browser, while it is trained or after: loss and validation, the cost of its
// solves, of points the field with trajectories and data and what the model answers, of series what was observed and
// what is fitted, over which horizon, the sizes of steps, and all of that at earlier moments of the training.
//
// A [Feed] is what the page shows. A training tells it of each iteration, [Follow] of a run that another process
// trains. A [Server] gives it to browsers: the page, which is in the program, and then server-sent events. The feed
// keeps a bounded state and no queues: a browser that is slow, gone or back gets the newest state when it reads again,
// and the training never waits for one. Pictures are computed only while somebody looks, in a small part of the time.
//
// The server listens on loopback unless it is told otherwise, answers only for hosts by whose names it is meant, serves
// nothing but what is in the program, and gives the run's data, checkpoints and stops only to who knows its token.
package live
