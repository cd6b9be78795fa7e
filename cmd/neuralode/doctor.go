package main

import (
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"neuralode"
	"neuralode/bench"
	"neuralode/machine"
	"neuralode/memory"
)

// finding is what is so on this machine, and what would make it faster.
type finding struct {
	What   string `json:"what"`
	Is     string `json:"is"`
	Slow   bool   `json:"slow"` // speed is lost here
	Advice string `json:"advice"`
}

// nothing is the advice where all is well.
const nothing = "nothing to gain"

func (a *app) doctorCommand() *cobra.Command {
	inJSON := false
	c := &cobra.Command{
		Use: "doctor", Short: "Say what limits the speed on this machine, and what would help",
		Long: `Look at what limits speed on this machine: how the program was built, the instruction set, cores and what a container
grants of them, the clock, memory and its measured bandwidth, and the GPU with its driver and libraries. Each has a line
of advice; what costs speed is marked with an exclamation mark. It takes about a second.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			findings := examine()
			if inJSON {
				return json.NewEncoder(a.out).Encode(findings)
			}
			table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			for _, f := range findings {
				mark := " "
				if f.Slow {
					mark = "!"
				}
				fmt.Fprintf(table, "%s %s\t%s\n \t%s\n", mark, f.What, onLine(f.Is), onLine(f.Advice))
			}
			return table.Flush()
		},
	}
	c.Flags().BoolVar(&inJSON, "json", false, "one JSON array")
	return c
}

// examine looks at everything.
func examine() []finding {
	facts := machine.Read()
	findings := []finding{ofBuild(facts), ofInstructions(facts), ofCores(facts), ofClock(facts),
		ofArithmetic(facts), ofBandwidth(facts)}
	return append(findings, ofGPU()...)
}

// tags are those that the program was built with.
func tags() []string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return nil
	}
	for _, s := range info.Settings {
		if s.Key == "-tags" {
			return strings.Split(s.Value, ",")
		}
	}
	return nil
}

func ofBuild(m machine.Facts) finding {
	with := "no tags"
	if len(tags()) > 0 {
		with = "tags " + strings.Join(tags(), ", ")
	}
	f := finding{What: "build", Is: fmt.Sprintf("%s %s/%s, %s", runtime.Version(), runtime.GOOS, runtime.GOARCH, with),
		Advice: nothing}
	switch {
	case slices.Contains(tags(), "noasm"):
		f.Slow, f.Advice = true, "leave the tag noasm out: without assembly everything is several times slower"
	case m.NVIDIA && !slices.Contains(tags(), "gpu"):
		f.Slow, f.Advice = true, "there is a driver for NVIDIA GPUs: make gpu-build builds a program that uses them"
	}
	return f
}

func ofInstructions(m machine.Facts) finding {
	levels := neuralode.CPULevels()
	best := levels[len(levels)-1]
	name := m.Processor
	if name == "" {
		name = runtime.GOARCH
	}
	f := finding{What: "instructions", Is: fmt.Sprintf("%s on %s (of %s)", best, name, strings.Join(levels, ", ")),
		Advice: nothing}
	switch {
	case best == "avx2":
		f.Advice = "a processor with AVX-512 does products up to twice as fast"
	case best == "plain" && runtime.GOARCH == "amd64":
		f.Slow, f.Advice = true, "there is no AVX2 with FMA: a virtual machine may hide it (give it the host's processor)"
	case best == "plain":
		f.Slow, f.Advice = true, "there is assembly for amd64 alone: elsewhere plain Go computes, several times slower"
	}
	return f
}

func ofCores(m machine.Facts) finding {
	f := finding{What: "cores", Is: fmt.Sprintf("%d workers on %d cores, load %.1f", m.Workers, m.CPUs, m.Load),
		Advice: nothing}
	if !math.IsInf(m.Quota, 1) {
		f.Is += fmt.Sprintf(", of which the container is granted %.3g", m.Quota)
	}
	switch {
	case m.Throttled > 0 && float64(m.Workers) > math.Ceil(m.Quota):
		f.Slow, f.Advice = true, fmt.Sprintf("more workers than granted cores, stopped %d times: set GOMAXPROCS=%.0f",
			m.Throttled, math.Max(1, math.Floor(m.Quota)))
	case m.Workers < m.CPUs && math.IsInf(m.Quota, 1):
		f.Slow, f.Advice = true, fmt.Sprintf("GOMAXPROCS leaves %d cores idle: unset it", m.CPUs-m.Workers)
	case m.Quota < float64(m.CPUs):
		f.Slow, f.Advice = true, "ask for more cores for the container (docker --cpus, Kubernetes resources.limits.cpu)"
	case m.Load > 1.5*float64(m.CPUs):
		f.Slow, f.Advice = true, "other processes want the cores too: times vary until they end"
	}
	return f
}

func ofClock(m machine.Facts) finding {
	f := finding{What: "clock", Is: "not told by the system", Advice: "see the arithmetic, which is measured"}
	if m.MHz > 0 {
		f.Is = fmt.Sprintf("%.0f MHz now", m.MHz)
	}
	if m.MaxMHz > 0 {
		f.Is += fmt.Sprintf(", at most %.0f MHz", m.MaxMHz)
	}
	if m.Governor != "" {
		f.Is += ", governor " + m.Governor
		f.Advice = nothing
	}
	if m.Governor == "powersave" {
		f.Slow, f.Advice = true, "cpupower frequency-set -g performance keeps the clock high"
	}
	return f
}

func ofArithmetic(m machine.Facts) finding {
	one := bench.Peak(1)
	if one == 0 {
		return finding{What: "arithmetic", Is: "not measured in plain Go", Slow: true, Advice: "see instructions"}
	}
	all := one * float64(min(m.Workers, m.CPUs))
	return finding{What: "arithmetic", Is: fmt.Sprintf("%.0f GFLOP/s of float32 a core, measured; about %.0f together",
		one, all),
		Advice: "neuralode bench says which part of it a training reaches; wider nets and larger batches reach more"}
}

// balance is how many operations the product of a weight's 4 bytes with a wide tile of 48 rows does for each byte.
const balance = 24

func ofBandwidth(m machine.Facts) finding {
	const needed = 1 << 28 // for each worker, with some room
	if err := memory.Check(needed*float64(m.Workers), "measuring the bandwidth"); err != nil {
		return finding{What: "memory", Is: "too little is free to measure it", Slow: true,
			Advice: "end what else takes memory"}
	}
	speed := machine.Bandwidth(m.Workers)
	free := memory.Available() / (1 << 30)
	f := finding{What: "memory", Is: fmt.Sprintf("%.1f GB/s copied by %d workers, measured; %.1f GiB free", speed,
		m.Workers, free),
		Advice: nothing + ": nets up to 128 wide live in the caches, wider ones read their weights once for each tile"}
	if peak := bench.Peak(m.Workers); peak > balance*speed {
		f.Advice = "slow beside the arithmetic: nets whose weights exceed the caches wait for memory; larger batches help"
	}
	return f
}

func ofGPU() []finding {
	gpus, err := neuralode.GPUs()
	if err != nil {
		return []finding{{What: "GPU", Is: "none: " + oneLine(err.Error()),
			Advice: "small nets at small batches are as well on the CPU; wide ones and large batches gain from a GPU"}}
	}
	var findings []finding
	for _, g := range gpus {
		findings = append(findings, finding{What: fmt.Sprintf("GPU %d", g.Ordinal),
			Is:     fmt.Sprintf("%s; driver %s, NVRTC %s, cuBLAS %s", g.Name, g.Driver, g.NVRTC, g.CUBLAS),
			Advice: "float32 runs faster than float64 by the ratio of its units, 2 to 64; batches from 4096 on fill it"})
	}
	folder, err := neuralode.KernelCache()
	kept := finding{What: "kernels", Is: "kept in " + folder, Advice: nothing + ": a model is compiled once"}
	if err != nil {
		kept = finding{What: "kernels", Is: fmt.Sprintf("not kept: %v", err), Slow: true,
			Advice: "set XDG_CACHE_HOME to a folder of your own: every start compiles anew"}
	}
	return append(findings, kept)
}
