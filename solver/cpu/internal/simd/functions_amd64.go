//go:build amd64 && !noasm

package simd

import "neuralode/plan"

// functions are the assembly kernels of a level that work on listed rows.
type functions[T Float] struct {
	unary     map[plan.Fn]rowsFunc[T]
	binary    map[plan.Fn]rows2Func[T]
	combine   combineFunc[T]
	errorNorm errorNormFunc[T]
	scaleRows func(x *T, xOff *int, s *T, rows, width int)
}

func functions32(l Level) functions[float32] {
	if l == AVX512 {
		return functions32AVX512()
	}
	return functions32AVX2()
}

func functions32AVX512() functions[float32] {
	return functions[float32]{
		unary: map[plan.Fn]rowsFunc[float32]{
			plan.Exp:      exp32AVX512,
			plan.Tanh:     tanh32AVX512,
			plan.Sigmoid:  sigmoid32AVX512,
			plan.Softplus: softplus32AVX512,
			plan.Relu:     relu32AVX512,
			plan.Square:   square32AVX512,
		},
		binary: map[plan.Fn]rows2Func[float32]{
			plan.Add:         sum32AVX512,
			plan.Sub:         difference32AVX512,
			plan.Mul:         product32AVX512,
			plan.Div:         quotient32AVX512,
			plan.TanhVJP:     tanhVJP32AVX512,
			plan.SigmoidVJP:  sigmoidVJP32AVX512,
			plan.SoftplusVJP: softplusVJP32AVX512,
			plan.ReluVJP:     reluVJP32AVX512,
		},
		combine: combine32AVX512, errorNorm: errorNorm32AVX512, scaleRows: scaleRows32AVX512,
	}
}

func functions32AVX2() functions[float32] {
	return functions[float32]{
		unary: map[plan.Fn]rowsFunc[float32]{
			plan.Exp:      exp32AVX2,
			plan.Tanh:     tanh32AVX2,
			plan.Sigmoid:  sigmoid32AVX2,
			plan.Softplus: softplus32AVX2,
			plan.Relu:     relu32AVX2,
			plan.Square:   square32AVX2,
		},
		binary: map[plan.Fn]rows2Func[float32]{
			plan.Add:         sum32AVX2,
			plan.Sub:         difference32AVX2,
			plan.Mul:         product32AVX2,
			plan.Div:         quotient32AVX2,
			plan.TanhVJP:     tanhVJP32AVX2,
			plan.SigmoidVJP:  sigmoidVJP32AVX2,
			plan.SoftplusVJP: softplusVJP32AVX2,
			plan.ReluVJP:     reluVJP32AVX2,
		},
		combine: combine32AVX2, errorNorm: errorNorm32AVX2, scaleRows: scaleRows32AVX2,
	}
}

func functions64(l Level) functions[float64] {
	if l == AVX512 {
		return functions64AVX512()
	}
	return functions64AVX2()
}

func functions64AVX512() functions[float64] {
	return functions[float64]{
		unary: map[plan.Fn]rowsFunc[float64]{
			plan.Exp:      exp64AVX512,
			plan.Tanh:     tanh64AVX512,
			plan.Sigmoid:  sigmoid64AVX512,
			plan.Softplus: softplus64AVX512,
			plan.Relu:     relu64AVX512,
			plan.Square:   square64AVX512,
		},
		binary: map[plan.Fn]rows2Func[float64]{
			plan.Add:         sum64AVX512,
			plan.Sub:         difference64AVX512,
			plan.Mul:         product64AVX512,
			plan.Div:         quotient64AVX512,
			plan.TanhVJP:     tanhVJP64AVX512,
			plan.SigmoidVJP:  sigmoidVJP64AVX512,
			plan.SoftplusVJP: softplusVJP64AVX512,
			plan.ReluVJP:     reluVJP64AVX512,
		},
		combine: combine64AVX512, errorNorm: errorNorm64AVX512, scaleRows: scaleRows64AVX512,
	}
}

func functions64AVX2() functions[float64] {
	return functions[float64]{
		unary: map[plan.Fn]rowsFunc[float64]{
			plan.Exp:      exp64AVX2,
			plan.Tanh:     tanh64AVX2,
			plan.Sigmoid:  sigmoid64AVX2,
			plan.Softplus: softplus64AVX2,
			plan.Relu:     relu64AVX2,
			plan.Square:   square64AVX2,
		},
		binary: map[plan.Fn]rows2Func[float64]{
			plan.Add:         sum64AVX2,
			plan.Sub:         difference64AVX2,
			plan.Mul:         product64AVX2,
			plan.Div:         quotient64AVX2,
			plan.TanhVJP:     tanhVJP64AVX2,
			plan.SigmoidVJP:  sigmoidVJP64AVX2,
			plan.SoftplusVJP: softplusVJP64AVX2,
			plan.ReluVJP:     reluVJP64AVX2,
		},
		combine: combine64AVX2, errorNorm: errorNorm64AVX2, scaleRows: scaleRows64AVX2,
	}
}
