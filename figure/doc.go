// Package figure draws the pictures of a training run: the loss curve, the learned dynamics with the data at their end,
// the decision map, and animations of a flow and of a training. Its inputs are plain numbers: it knows neither solver
// nor training.
//
// Each of Loss, Dynamics and Decision, and of their variants, checks its input, reports everything that is wrong with
// it in one error, and returns a Figure that can be written as PNG or SVG and keeps nothing of the input. Separate
// figures may be made and written at the same time. The same input gives the same bytes.
//
// A figure is 6 inches wide, with two panels 9.6, and has 300 pixels an inch in PNG, 90 in GIF, with text of 9 and 10
// points. Classes have the colours of Okabe and Ito, which people with colour-blindness can tell apart, and different
// markers; from the ninth on, darker and lighter shades of these colours.
package figure
