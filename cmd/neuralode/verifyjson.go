package main

import "neuralode/gradcheck"

// modelDocument is what verify --json says of a model.
type modelDocument struct {
	Run         string             `json:"run,omitempty"`
	Device      string             `json:"device"`
	Samples     int                `json:"samples"`
	From        string             `json:"from"`
	Own         number             `json:"z1_known_to"`
	Independent number             `json:"z1_to_reference_backend"`
	Size        number             `json:"z1_rms"`
	OutSize     number             `json:"out_rms"`
	Answers     []answerDocument   `json:"answers"`
	Gradients   []gradientDocument `json:"gradients,omitempty"`
	OfGradients int                `json:"gradient_samples"`
}

type answerDocument struct {
	Rtol      float64 `json:"rtol"`
	Atol      float64 `json:"atol"`
	Precision string  `json:"precision"`
	Trained   bool    `json:"as_trained"`
	NFE       float64 `json:"nfe_mean"`
	ZMedian   number  `json:"z1_median"`
	ZMax      number  `json:"z1_max"`
	OutMedian number  `json:"out_median"`
	OutMax    number  `json:"out_max"`
	Loss      number  `json:"loss"`
	Changed   int     `json:"classes_changed"`
}

type gradientDocument struct {
	Gradient      string `json:"gradient"`
	ToDifferences number `json:"to_differences"`
	ToOthers      number `json:"to_others"`
	Theta         number `json:"as_trained_theta"`
	Z0            number `json:"as_trained_z0"`
	Refused       string `json:"refused,omitempty"`
	RefusedSpec   string `json:"as_trained_refused,omitempty"`
}

func (v *modelVerdict) document() modelDocument {
	d := modelDocument{Device: v.device, Samples: v.Samples, From: v.from, Own: number(v.Own),
		Independent: number(v.Independent), Size: number(v.Size), OutSize: number(v.OutSize),
		OfGradients: v.GradientSamples}
	if v.source.run != nil {
		d.Run = v.source.run.Dir
	}
	for _, a := range v.Answers {
		d.Answers = append(d.Answers, answerDocument{a.Rtol, a.Atol, a.Precision.String(), a.Trained, a.NFE,
			number(a.ZMedian), number(a.ZMax), number(a.OutMedian), number(a.OutMax), number(a.Loss), a.Changed})
	}
	if v.Report.Gradients != nil {
		for _, m := range v.Report.Gradients.Modes {
			d.Gradients = append(d.Gradients, gradientOf(m))
		}
	}
	return d
}

func gradientOf(m gradcheck.Mode) gradientDocument {
	g := gradientDocument{m.Gradient.String(), number(m.ToDifferences), number(m.ToOthers), number(m.Theta),
		number(m.Z0), "", ""}
	if m.Err != nil {
		g.Refused = status(m.Err)
	}
	if m.SpecErr != nil {
		g.RefusedSpec = status(m.SpecErr)
	}
	return g
}
