// Package serve answers for points over HTTP with a model that was compiled once.
//
//	POST /predict   {"points": [[0.1, 0.2], {"x": 2, "y": 2.1}]}: numbers in the order of the training's features, or an
//	                object with them by name, in which other names are left alone; the answer is {"answers": [...]}, one
//	                [train.Answer] a point, in their order. A point that cannot be solved says so in its "error".
//	GET /model      what is asked for and answered: features, classes, outputs, limits
//	GET /healthz    200, or 503 once the server stops
//	GET /metrics    counts and durations, for Prometheus
//
// A request that is refused gets {"error": "..."}: 400 for points that are none, 413 for too many, 408 for a body that
// does not come, 503 with Retry-After where too many requests wait or one took too long.
//
// Requests that wait while points are solved are solved together next. An answer does not depend on it, to the bit.
package serve
