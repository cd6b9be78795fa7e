// Package figure draws the three pictures of a training run: the loss curve, the learned dynamics and the decision
// map. Its inputs are plain numbers: it knows neither solver nor training.
//
// Each of Loss, Dynamics and Decision checks its input, reports everything that is wrong with it in one error, and
// returns a Figure that can be written as PNG or SVG and keeps nothing of the input. Separate figures may be made and
// written at the same time. The same input gives the same bytes.
//
// A figure is 6 inches wide, 1800 pixels in PNG (300 per inch), with text of 9 and 10 points. Classes have the colours
// of Okabe and Ito, which people with colour-blindness can tell apart, and different markers; from
// the ninth on, darker and lighter shades of these colours.
package figure
