package main

func Example() {
	main()
	// Output:
	// stiffness 3.99
	// damping 0.50
	// mass 0.50
}
