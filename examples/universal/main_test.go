//go:build !race

package main

func Example() {
	main()
	// Output:
	// prey 3, predators 1: the network says [-3 3], and it is [-3 3]
	// prey 2, predators 2: the network says [-4 4], and it is [-4 4]
}
