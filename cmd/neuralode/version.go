package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version of the program and of what it is made with", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(a.out, "neuralode %s\ngo %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			for _, module := range []string{"gorgonia.org/gorgonia", "gonum.org/v1/plot"} {
				if v := moduleVersion(module); v != "" {
					fmt.Fprintf(a.out, "%s %s\n", module, v)
				}
			}
			return nil
		},
	}
}

// unversioned is the version of a program that was built outside of a repository.
const unversioned = "(development)"

// version is the commit the program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, modified := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = " with changes"
		}
	}
	if revision == "" {
		return unversioned
	}
	return revision + modified
}

func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return ""
}
