package main

func Example() {
	main()
	// Output:
	// angle -0.8789, d angle/d start [-0.8008 0.0589], d angle/d(gravity, damping) [-0.0296 0.4774]
}
