package solver_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocumentation demands that the package's documentation names each exported function and type in one section: what
// programs need, or what authors of backends need. Methods that it names must be there. Methods stands for each method.
func TestDocumentation(t *testing.T) {
	text, names, methods := declared(t)
	sections := strings.Split(text, "\n# ")
	if len(sections) != 3 {
		t.Fatalf("the documentation has %d sections, want an introduction and two", len(sections))
	}
	link := regexp.MustCompile(`\[([A-Z][\w.]*)\]`)
	var in [2][]string
	for i, section := range sections[1:] {
		for _, m := range link.FindAllStringSubmatch(section, -1) {
			in[i] = append(in[i], m[1])
		}
	}
	for _, name := range names {
		if slices.Contains(in[0], name) == slices.Contains(in[1], name) {
			t.Errorf("doc.go must name %s in one of its two sections: for programs, or for authors of backends", name)
		}
	}
	for _, name := range append(in[0], in[1]...) {
		if strings.Contains(name, ".") && !slices.Contains(methods, name) {
			t.Errorf("doc.go names %s, which is not there", name)
		}
	}
}

// declared are the package's documentation, its exported functions and types, and its methods as Type.Method.
func declared(t *testing.T) (text string, names, methods []string) {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		text += file.Doc.Text()
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil {
					methods = append(methods, receiver(d)+"."+d.Name.Name)
				} else if d.Name.IsExported() && !givesMethod(d.Type) {
					names = append(names, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok && s.Name.IsExported() {
						names = append(names, s.Name.Name)
					}
				}
			}
		}
	}
	return text, names, methods
}

func givesMethod(f *ast.FuncType) bool {
	if len(f.Params.List) > 0 || f.Results == nil {
		return false
	}
	pointer, ok := f.Results.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	result, ok := pointer.X.(*ast.Ident)
	return ok && slices.Contains([]string{"Tableau", "Rosenbrock", "Auto"}, result.Name)
}

func receiver(f *ast.FuncDecl) string {
	of := f.Recv.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	if generic, ok := of.(*ast.IndexExpr); ok {
		of = generic.X
	}
	name, _ := of.(*ast.Ident)
	return name.Name
}
