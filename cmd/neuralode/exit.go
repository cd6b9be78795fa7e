package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitOK          = 0
	exitFailure     = 1   // files, devices, numerics, a bound that was exceeded
	exitUsage       = 2   // a flag or value that can never work
	exitSignal      = 128 // plus its number: stopped by a signal, as shells count
	exitInterrupted = 130 // by Ctrl-C
)

// usageError marks wrong use.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// wrongUse marks err as wrong use, unless it is nil.
func wrongUse(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// oneArgument wants one argument, of that kind.
func oneArgument(kind string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return wrongUse(fmt.Errorf("%s wants %s, got %d arguments", c.Name(), kind, len(args)))
	}
}

// noArguments wants none.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return wrongUse(fmt.Errorf("%s takes flags alone, got %q", c.Name(), args[0]))
}

// interrupted says how to go on after a signal.
type interrupted string

func (e interrupted) Error() string { return string(e) }
func (e interrupted) Unwrap() error { return context.Canceled }

// explain turns an error into one line and an exit status.
func explain(root *cobra.Command, args []string, err error) (line string, status int) {
	status = exitFailure
	var usage usageError
	switch {
	case errors.Is(err, context.Canceled):
		status = exitInterrupted
		if stop := interrupted(""); !errors.As(err, &stop) {
			err = interrupted("stopped")
		}
	case errors.As(err, &usage), fromCobra(err):
		status = exitUsage
	}
	line = conversion.ReplaceAllStringFunc(oneLine(err.Error()), plainly)
	if status == exitUsage {
		line += suggestion(root, args, err.Error())
	}
	return line, status
}

// conversion is what the standard library says of a number that it cannot read.
var conversion = regexp.MustCompile(`strconv\.(\w+): parsing ("[^"]*"): (invalid syntax|value out of range)`)

func plainly(text string) string {
	found := conversion.FindStringSubmatch(text)
	switch {
	case found[1] == "ParseBool":
		return found[2] + " is neither true nor false"
	case found[3] == "invalid syntax":
		return found[2] + " is no number of this kind"
	}
	return found[2] + " is out of range"
}

// fromCobra reports whether the command-line library refused the arguments itself.
func fromCobra(err error) bool {
	text := err.Error()
	for _, start := range []string{"unknown command", "unknown flag", "unknown shorthand", "invalid argument", "flag needs",
		"bad flag", "accepts ", "requires ", "required flag", "if any flags", "none of the others"} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return false
}

// oneLine joins the lines of an error that reports several problems.
func oneLine(text string) string {
	var parts []string
	for _, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			parts = append(parts, l)
		}
	}
	return strings.Join(parts, "; ")
}
