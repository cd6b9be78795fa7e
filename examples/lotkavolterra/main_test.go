package main

func Example() {
	main()
	// Output:
	// alpha 1.50
	// beta 1.00
	// gamma 3.01
	// delta 1.00
}
