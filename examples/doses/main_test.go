package main

func Example() {
	main()
	// Output:
	// absorption 1.13 an hour, elimination 0.206 an hour, 14.6 litres
	// patient 0: below 1 mg/l at 17.4 h, 6.6 min later for a milligram more
	// patient 1: above 1 mg/l to the end
	// patient 2: below 1 mg/l at 20.2 h, 4.2 min later for a milligram more
}
