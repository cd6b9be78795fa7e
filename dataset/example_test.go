package dataset_test

import (
	"fmt"
	"log"
	"strings"

	"neuralode/dataset"
)

// ExampleReadCSV reads a table whose last column is the label.
func ExampleReadCSV() {
	table := "length,weight,animal\n1.5,2,ant\n30,7.25,bee\n1.25,2.5,ant\n"
	d, err := dataset.ReadCSV("table", strings.NewReader(table), dataset.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.Len(), "samples of", d.Features, "with", d.Targets, "in", d.Classes)
	fmt.Println(d.X, d.Labels)
	// Output:
	// 3 samples of [length weight] with [animal] in [ant bee]
	// [1.5 2 30 7.25 1.25 2.5] [0 1 0]
}
