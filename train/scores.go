package train

import (
	"math"

	"neuralode/dataset"
)

// Scores say how good answers for labelled rows are.
type Scores struct {
	Loss     float64 // mean, as it is trained: of numbers, between scaled ones
	Accuracy float64 // of classes; NaN for numbers
	R2       float64 // of numbers: 1 − Σ(y−o)²/Σ(y−ȳ)² over these rows; NaN for classes, and where all are the same
	RMSE     float64 // root of the mean square error of numbers, in the units of the label; NaN for classes
}

// Better reports whether s is better than others of the same rows: by accuracy, or by RMSE.
func (s Scores) Better(than Scores) bool {
	if math.IsNaN(s.Accuracy) {
		return s.RMSE < than.RMSE
	}
	return s.Accuracy > than.Accuracy
}

// scoring adds up the scores of rows.
type scoring struct {
	model            *Model
	n, right         int
	loss             float64
	mean             []float64 // of each label column, over all rows; nil for classes
	residual, spread []float64 // sums of squares of each
}

func (m *Model) scoring(d *dataset.Dataset) *scoring {
	s := &scoring{model: m, n: d.Len()}
	if len(d.Classes) == 0 {
		s.mean = columnMeans(d)
		s.residual, s.spread = make([]float64, d.Width), make([]float64, d.Width)
	}
	return s
}

func columnMeans(d *dataset.Dataset) []float64 {
	mean := make([]float64, d.Width)
	for i, y := range d.Labels {
		mean[i%d.Width] += y / float64(d.Len())
	}
	return mean
}

// add takes outputs of some rows, numbers in the units of the label, their labels, and the loss of each.
func (s *scoring) add(out, labels, losses []float64) {
	for _, l := range losses {
		s.loss += l / float64(s.n)
	}
	for i, y := range labels {
		if s.mean == nil {
			break
		}
		j := i % len(s.mean)
		s.residual[j] += (y - out[i]) * (y - out[i])
		s.spread[j] += (y - s.mean[j]) * (y - s.mean[j])
	}
}

func (s *scoring) scores() Scores {
	all := Scores{Loss: s.loss, Accuracy: math.NaN(), R2: math.NaN(), RMSE: math.NaN()}
	if s.mean == nil {
		all.Accuracy = float64(s.right) / float64(s.n)
		return all
	}
	columns, sum, r2 := float64(len(s.mean)), 0.0, 0.0
	for j, residual := range s.residual {
		sum += residual
		r2 += (1 - residual/s.spread[j]) / columns
	}
	all.RMSE = math.Sqrt(sum / columns / float64(s.n))
	if finite(r2) { // else the label does not vary
		all.R2 = r2
	}
	return all
}

// Baseline is the best answer that is the same for every row: the largest class, with the shares of all for
// probabilities, or the mean of numbers.
type Baseline struct {
	Class string    // the largest; "" for numbers
	Mean  []float64 // of the label columns; nil for classes

	largest int
	shares  []float64
	model   *Model
	by      numberLoss // of numbers, with the noise of this answer
}

// Baseline is the baseline that these rows suggest, those of a training where it is to be compared with the model's
// answers for others.
func (m *Model) Baseline(d *dataset.Dataset) *Baseline {
	b := &Baseline{model: m}
	if len(d.Classes) == 0 {
		b.by = m.numberLoss()
		scale, own := m.LabelScale, dataset.Scale{}
		if d.Series != nil {
			scale, b.Mean = m.FeatureScale, newNearness(d.Series, b.by).mean
			own, _ = d.Series.Standardise()
		} else {
			own, b.Mean = dataset.Standardise(d.Labels, d.Width, nil), columnMeans(d)
		}
		b.by.noise = scale.Rates(own.Std, m.Outputs)
		return b
	}
	b.shares = make([]float64, len(d.Classes))
	for _, class := range d.Labels {
		b.shares[int(class)] += 1 / float64(d.Len())
	}
	b.largest = largest(b.shares)
	b.Class = d.Classes[b.largest]
	return b
}

// Scores are those of the baseline's answer for labelled rows.
func (b *Baseline) Scores(d *dataset.Dataset) Scores {
	if d.Series != nil {
		return b.seriesScores(d.Series)
	}
	s := b.model.scoring(d)
	for i := range d.Len() {
		labels := d.Labels[i*d.Width : (i+1)*d.Width]
		s.add(b.Mean, labels, []float64{b.loss(labels)})
		if b.Mean == nil && int(labels[0]) == b.largest {
			s.right++
		}
	}
	return s.scores()
}

// loss is that of the baseline's answer for one row, by the model's loss.
func (b *Baseline) loss(labels []float64) float64 {
	switch {
	case b.Mean == nil && b.model.Loss == "mse": // between the numbers 0 and 1
		return (labels[0] - b.shares[1]) * (labels[0] - b.shares[1])
	case b.Mean == nil:
		return -math.Log(b.shares[int(labels[0])])
	}
	scale, loss := b.model.LabelScale, 0.0
	y, o := scale.Apply(labels), scale.Apply(b.Mean)
	for j := range y {
		loss += b.by.of(j, y[j]-o[j])
	}
	return loss
}
