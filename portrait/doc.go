// Package portrait computes what the pictures of a run show: the way of samples from t0 to t1, the field between them,
// and what the model answers around the data. It asks package train and gives plain numbers to package figure.
package portrait
