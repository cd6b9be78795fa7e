package machine

import (
	"sync"
	"time"
)

// copied is how many bytes each worker copies: with the copy, more than the caches next to a core hold.
const copied = 64 << 20

// Bandwidth is how fast so many goroutines copy memory, in GB/s of reading and writing together: the best of a few
// tries, in about half a second. It takes 128 MiB for each worker.
func Bandwidth(workers int) float64 {
	from, to := make([][]byte, workers), make([][]byte, workers)
	for i := range workers {
		from[i], to[i] = make([]byte, copied), make([]byte, copied)
		for j := range from[i] { // pages that nobody wrote are one page of zeros, which the caches hold
			from[i][j] = byte(j)
		}
	}
	each := func() time.Duration {
		start := time.Now()
		var all sync.WaitGroup
		for i := range workers {
			all.Go(func() { copy(to[i], from[i]) })
		}
		all.Wait()
		return time.Since(start)
	}
	each() // the first touch of the pages
	best := each()
	for range 3 {
		best = min(best, each())
	}
	return 2 * copied * float64(workers) / float64(best.Nanoseconds())
}
