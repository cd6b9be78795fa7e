package neuralode_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestArchitecture finds in the code what the page names: files, which may go without their folder, and what stands in
// code type.
func TestArchitecture(t *testing.T) {
	text, files := readPage(t), sources(t)
	words := map[string]bool{}
	for path, file := range files {
		if filepath.Ext(path) == ".md" { // the page itself is one
			continue
		}
		for _, word := range regexp.MustCompile(`\w+`).FindAllString(file, -1) {
			words[word] = true
		}
	}
	found := regexp.MustCompile(`[\w/-]+\.(go|cu|md)\b`).FindAllString(text, -1)
	for _, file := range found {
		if !endsOne(file, files) {
			t.Errorf("%s: there is no file %s", page, file)
		}
	}
	for _, code := range quoted.FindAllStringSubmatch(text, -1) {
		if !regexp.MustCompile(`^[A-Za-z]\w*(\.[A-Za-z]\w*)*$`).MatchString(code[1]) || endsOne(code[1], files) {
			continue
		}
		found = append(found, code[1])
		for part := range strings.SplitSeq(code[1], ".") {
			if !words[part] {
				t.Errorf("%s: the code has no %s", page, code[1])
			}
		}
	}
	if len(found) < 200 {
		t.Errorf("%s: only %d names found", page, len(found))
	}
}

// TestPromises finds each test that the page's table of promises names, in the folder or file that it names beside it.
func TestPromises(t *testing.T) {
	files, rows := sources(t), 0
	for line := range strings.SplitSeq(readPage(t), "\n") {
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || !strings.Contains(cells[1], "`Test") {
			continue
		}
		rows++
		var tests strings.Builder
		for path, text := range files {
			if in := strings.Trim(cells[2], " |`"); path == in || filepath.ToSlash(filepath.Dir(path)) == in {
				tests.WriteString(text)
			}
		}
		for _, name := range quoted.FindAllStringSubmatch(cells[1], -1) {
			if !strings.Contains(tests.String(), "\nfunc "+name[1]+"(") {
				t.Errorf("%s: there is no test %s in %s", page, name[1], cells[2])
			}
		}
	}
	if rows < 20 {
		t.Errorf("%s: only %d promises found", page, rows)
	}
}

// endsOne reports whether a file's path is the given one, or ends in it after a folder.
func endsOne(path string, files map[string]string) bool {
	for file := range files {
		if file == path || strings.HasSuffix(file, "/"+path) {
			return true
		}
	}
	return false
}

// sources are the texts of the module's files, by path.
func sources(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case !regexp.MustCompile(`\.(go|cu|md)$`).MatchString(path):
			return nil
		}
		text, err := os.ReadFile(path)
		files[filepath.ToSlash(path)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
