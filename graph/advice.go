package graph

import "regexp"

// adviceFor is what this package adds to an error or panic inside a function: Gorgonia's own text says what did not
// fit, not what to write instead. Errors of this package carry their advice; those that are not known get the fallback.
func adviceFor(text, fallback string) string {
	if ownError.MatchString(text) {
		return ""
	}
	for _, a := range advice {
		if a.text.MatchString(text) {
			return " (" + a.says + ")"
		}
	}
	return fallback
}

var ownError = regexp.MustCompile(`\bgraph: `)

// keepAxis is what a concatenation of columns needs.
const keepAxis = "graph.Slice(z, 1, i, i+1, 1) keeps the axis that gorgonia.Slice drops where it takes one column"

// advice lists what Gorgonia v0.9.18 says, and what helps. The first that fits is taken.
var advice = []struct {
	text *regexp.Regexp
	says string
}{
	{regexp.MustCompile(`bool ~ float64|float64 ~ bool`),
		"a comparison gives numbers, 1 or 0, when its last argument retSame is true: gorgonia.Gt(x, y, true)"},
	{regexp.MustCompile(`\b(float32|u?int\d*) ~ float64|float64 ~ (float32|u?int\d*)\b`),
		"graphs are built in float64: write constants as gorgonia.NewConstant(2.0)"},
	{regexp.MustCompile(`Op: (Max|Min)Between`),
		"x and y want one shape; for a bound that is a number write lo + graph.Relu(x − lo) or hi − graph.Relu(hi − x)"},
	{regexp.MustCompile(`Operation failed: Failed to infer shape. Op: - `), // no other builder subtracts
		"for gorgonia.LogSumExp " + remedyFor("LogSumExp")},
	{regexp.MustCompile(`Expected Cost to be a scalar|Can only differentiate with regards to input|` +
		`Non.Differentia?ble (WRT|Output)s`), remedyFor("Grad")},
	{regexp.MustCompile(`Not all children have the same graph`),
		"an expression is made of the function's arguments alone, in z.Graph(); nodes of another graph, or kept from an " +
			"earlier call, are none of it"},
	{regexp.MustCompile(`No Graph Supplied`),
		"a matrix of constants is graph.Constant(z.Graph(), rows, cols, data); what is made of constants alone is computed in Go"},
	{regexp.MustCompile(`Invalid axis. Nodes have|Expected all the nodes to be concatenated`), keepAxis},
	{regexp.MustCompile(`Inner dimensions do not match|Incompatible shapes`),
		"samples are rows: gorgonia.Mul(z, w) wants w of shape [features of z, outputs]; gorgonia.Transpose(w) turns [outputs, features]"},
	{regexp.MustCompile(`Cannot reshape|shape size doesn't not match`),
		"a reshape keeps the number of elements, and the batch axis as it is: tensor.Shape{z.Shape()[0], features}"},
	{regexp.MustCompile(`Shape mismatch|Expected both inputs to have the same shape|Attempting to broadcast|` +
		`Auto failed to find broadcastable pattern|cannot be unified|Unequal length|Unable to unify`),
		"operands of different shapes are combined by gorgonia.BroadcastAdd, BroadcastSub, BroadcastHadamardProd and " +
			"BroadcastHadamardDiv: f(x, row, nil, []byte{0}) with one row for all samples, f(x, column, nil, []byte{1}) with one " +
			"number per sample; gorgonia.Reshape gives operands of different ranks the same one"},
}
