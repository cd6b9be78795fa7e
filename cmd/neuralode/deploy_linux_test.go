package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v2"

	"neuralode/mpi/mpitest"
)

// deployed is a folder of programs for scripts: neuralode is this binary, mpirun that of an MPI, and srun starts its
// tasks by that.
func deployed(t *testing.T) (path string) {
	t.Helper()
	path = t.TempDir()
	launcher := mpitest.Installations(t)[0].Command(deadline(t), 2)
	for name, script := range map[string]string{
		"neuralode": fmt.Sprintf("NEURALODE_TEST_PROGRAM=1 exec %s \"$@\"", os.Args[0]),
		"mpirun":    fmt.Sprintf("exec %s --oversubscribe \"$@\"", launcher.Path),
		"srun": "case $1$2 in --mpi=pmix--kill-on-bad-exit=1) shift 2; exec mpirun -n $SLURM_NTASKS \"$@\";; esac\n" +
			"exit 9",
	} {
		if err := os.WriteFile(filepath.Join(path, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// script runs a command with these programs and variables.
func script(t *testing.T, programs string, env []string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(deadline(t), "/usr/bin/env", args...)
	c.Env = append(append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"), "OMPI_ALLOW_RUN_AS_ROOT=1",
		"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "OMPI_MCA_mpi_yield_when_idle=1"), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
	return string(out)
}

// TestTrainingScripts begins a run by each of the scripts, stops it half-way, and goes on in another number of ranks.
func TestTrainingScripts(t *testing.T) {
	programs := deployed(t)
	for _, c := range []struct{ file, ranks string }{
		{"mpirun.sh", "RANKS"}, {"slurm-train.sbatch", "SLURM_NTASKS"},
	} {
		run := filepath.Join(t.TempDir(), "run")
		for i, more := range [][]string{shared("--out", run)[1:], nil} {
			if more != nil {
				more = more[:len(more)-2] // the script says where
			}
			said := script(t, programs, []string{"RUN=" + run, fmt.Sprintf("%s=%d", c.ranks, 2+i)},
				append([]string{"bash", "../../deploy/" + c.file}, more...)...)
			if want := fmt.Sprintf("ranks      %d, by", 2+i); !strings.Contains(said, want) {
				t.Errorf("%s: want %q in %s", c.file, want, said)
			}
		}
		modelOf(t, run)
	}
}

// TestSlurmOptions are such as sbatch has (Slurm 22.05).
func TestSlurmOptions(t *testing.T) {
	known := regexp.MustCompile(`^#SBATCH --(job-name=\S+|ntasks=\d+|cpus-per-task=\d+|time=\d\d:\d\d:\d\d|` +
		`signal=TERM@\d+|requeue|open-mode=append|array=0-\d+)$`)
	for _, name := range []string{"slurm-train.sbatch", "slurm-ensemble.sbatch"} {
		options := 0
		for line := range strings.Lines(string(readFile(t, "../../deploy/"+name))) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "#SBATCH") {
				if options++; !known.MatchString(line) {
					t.Errorf("%s: %s", name, line)
				}
			}
		}
		if options < 5 {
			t.Errorf("%s has %d options", name, options)
		}
	}
}

// pod is what of a pod's template the manifests use; unknown keys are errors.
type pod struct {
	Spec struct {
		RestartPolicy string `yaml:"restartPolicy"`
		Containers    []struct {
			Name, Image     string
			Command, Args   []string
			SecurityContext map[string]int `yaml:"securityContext"`
			Resources       struct{ Requests map[string]string }
			VolumeMounts    []struct {
				Name      string
				MountPath string `yaml:"mountPath"`
			} `yaml:"volumeMounts"`
		}
		Volumes []struct {
			Name  string
			Claim struct {
				Name string `yaml:"claimName"`
			} `yaml:"persistentVolumeClaim"`
		}
	}
}

// head is what manifests begin with.
type head struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
}

func manifest(t *testing.T, name string, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(readFile(t, "../../deploy/"+name), into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// TestIndexedJob solves shards as the pods of the job do, and as an array of Slurm.
func TestIndexedJob(t *testing.T) {
	var job struct {
		head `yaml:",inline"`
		Spec struct {
			Completions, Parallelism int
			CompletionMode           string `yaml:"completionMode"`
			Backoff                  int    `yaml:"backoffLimitPerIndex"`
			Template                 pod
		}
	}
	manifest(t, "kubernetes-ensemble.yaml", &job)
	container := job.Spec.Template.Spec.Containers[0]
	args := strings.Join(append(container.Command, container.Args...), " ")
	if job.APIVersion != "batch/v1" || job.Kind != "Job" || job.Spec.CompletionMode != "Indexed" ||
		!strings.HasSuffix(args, fmt.Sprintf("auto/%d", job.Spec.Completions)) {
		t.Errorf("%+v", job)
	}
	programs, data := deployed(t), t.TempDir()
	succeed(t, tiny("--out", filepath.Join(data, "run"))...)
	if err := os.Rename(manyPoints(t, 100), filepath.Join(data, "points.csv")); err != nil {
		t.Fatal(err)
	}
	succeed(t, "solve", data+"/run", "--points", data+"/points.csv", "--out", data+"/p.npy")
	args = strings.ReplaceAll(strings.ReplaceAll(args, "points.npy", "points.csv"), "/data/", data+"/")
	for _, index := range []string{"0", "63"} {
		said := script(t, programs, []string{"JOB_COMPLETION_INDEX=" + index}, strings.Fields(args)...)
		part := filepath.Join(data, fmt.Sprintf("states.part-%02s-of-64.safetensors", index))
		if !strings.Contains(said, part) {
			t.Errorf("want %s, said %s", part, said)
		}
	}
	for index := range 2 {
		script(t, programs, []string{fmt.Sprintf("SLURM_ARRAY_TASK_ID=%d", index), "SLURM_ARRAY_TASK_MIN=0",
			"SLURM_ARRAY_TASK_COUNT=2", "RUN=" + data + "/run", "POINTS=" + data + "/points.csv", "OUT=" + data + "/s.npy"},
			"bash", "../../deploy/slurm-ensemble.sbatch")
	}
	succeed(t, "join", data+"/s.npy")
	if !bytes.Equal(readFile(t, data+"/s.npy"), readFile(t, data+"/p.npy")) {
		t.Error("the array's file is another")
	}
}

// TestMPIJob runs what the launcher's container runs: in as many ranks as there are slots.
func TestMPIJob(t *testing.T) {
	type replicas struct {
		Replicas int
		Template pod
	}
	var job struct {
		head `yaml:",inline"`
		Spec struct {
			Slots     int    `yaml:"slotsPerWorker"`
			SSH       string `yaml:"sshAuthMountPath"`
			RunPolicy struct {
				CleanPodPolicy string `yaml:"cleanPodPolicy"`
				BackoffLimit   int    `yaml:"backoffLimit"`
			} `yaml:"runPolicy"`
			Specs struct {
				Launcher replicas `yaml:"Launcher"`
				Worker   replicas `yaml:"Worker"`
			} `yaml:"mpiReplicaSpecs"`
		}
	}
	manifest(t, "kubernetes-train.yaml", &job)
	launcher := job.Spec.Specs.Launcher.Template.Spec.Containers[0]
	text := launcher.Args[0]
	if job.APIVersion != "kubeflow.org/v2beta1" || job.Kind != "MPIJob" ||
		!strings.Contains(text, fmt.Sprintf("-n %d ", job.Spec.Slots*job.Spec.Specs.Worker.Replicas)) {
		t.Errorf("%+v", job)
	}
	programs, data := deployed(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "points.csv"),
		[]byte("x1,x2,label\n0,1,a\n1,0,b\n0.5,1,a\n1,0.25,b\n0,2,a\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	quick := "neuralode train --iterations 3 --no-figures"
	text = strings.ReplaceAll(strings.ReplaceAll(text, "/data/", data+"/"), "neuralode train", quick)
	said := script(t, programs, nil, append(launcher.Command, text)...)
	if !strings.Contains(said, "ranks      4, by") {
		t.Error(said)
	}
	modelOf(t, filepath.Join(data, "run"))
}

// TestScalePage asks each command of the page for help after all of its flags.
func TestScalePage(t *testing.T) {
	page := string(readFile(t, "../../docs/scale.md"))
	command := regexp.MustCompile(`(?m)neuralode ((?:train|solve|join) [^#|\n` + "`" + `]*)`)
	commands := command.FindAllStringSubmatch(page, -1)
	if len(commands) < 4 {
		t.Fatalf("the page has %d commands", len(commands))
	}
	for _, c := range commands {
		if status, _, said := call(t, append(strings.Fields(c[1]), "--help")...); status != 0 {
			t.Errorf("neuralode %s: status %d, %s", c[1], status, said)
		}
	}
	for _, name := range regexp.MustCompile(`\]\(\.\./(\S+)\)`).FindAllStringSubmatch(page, -1) {
		readFile(t, "../../"+name[1])
	}
}
