// Command neuralode solves and trains neural ordinary differential equations.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"neuralode/mpi"
)

func main() {
	ctx := interruptible(context.Background())
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if by, ok := context.Cause(ctx).(stopped); ok && status == exitInterrupted {
		status = by.status()
	}
	mpi.Exit(status)
}

// run is the program: it returns the exit status, after one line on stderr where that is not 0.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out, said := &output{w: stdout}, &output{w: stderr}
	a := &app{stdin: stdin, out: out, err: said}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(out)
	root.SetErr(said)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.err
	}
	if err == nil {
		return exitOK
	}
	gateOf(ctx).close() // the last word is said once
	line, status := explain(root, args, err)
	fmt.Fprintln(said, "neuralode:", line)
	return status
}
