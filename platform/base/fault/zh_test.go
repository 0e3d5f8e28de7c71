package fault_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// said is a format in the code and where it stands.
type said struct {
	format, where string
	args          int // -1 where they are not listed one by one
}

// makers are the functions that make a text, by "folder name", and which of their arguments is the format. Those of package fault are called by any folder; the others are found:
// whoever hands a format of its own on to a maker is one.
type makers map[string]int

func (m makers) of(folder string, call *ast.CallExpr) (int, bool) {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok && x.Name == "fault" {
			i, ok := m["fault "+f.Sel.Name]
			return i, ok
		}
		if i, ok := m["method "+f.Sel.Name]; ok {
			return i, len(call.Args) > i
		}
		i, ok := m[folder+" "+f.Sel.Name]
		return i, ok
	case *ast.Ident:
		i, ok := m[folder+" "+f.Name]
		return i, ok
	}
	return 0, false
}

type source struct {
	folder string
	file   *ast.File
}

func sources(t *testing.T, root string) (all []source, at *token.FileSet) {
	t.Helper()
	at = token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"node_modules", ".git", "dist", "bench", "testdata", "gatewaytest", "testplugin", "devstack"}, d.Name()):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Dir(path) == filepath.Join(root, "platform/base/fault") && d.Name() == "text.go":
			return nil
		}
		f, err := parser.ParseFile(at, path, nil, parser.SkipObjectResolution)
		all = append(all, source{filepath.Dir(path), f})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, at
}

// TestChinese finds every text that the code can say, and holds the catalogue against it.
func TestChinese(t *testing.T) {
	t.Parallel()
	var chinese map[string]string
	b, err := os.ReadFile("zh.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &chinese); err != nil {
		t.Fatal(err)
	}
	texts := map[string]bool{}
	for _, s := range append(inCode(t), elsewhere(t)...) {
		texts[s.format] = true
		zh, ok := chinese[s.format]
		switch {
		case !ok:
			t.Errorf("%s: zh.json has no Chinese for %q", s.where, s.format)
		case !fits(s.format, zh):
			t.Errorf("%s: the verbs of %q are not those of %q", s.where, zh, s.format)
		}
		if n := len(verbs(s.format)); s.args >= 0 && n != s.args {
			t.Errorf("%s: %q has %d verbs and %d arguments", s.where, s.format, n, s.args)
		}
		if strings.Contains(s.format, "%%") && s.args == 0 {
			t.Errorf("%s: %q has no arguments, so %%%% stays as it is", s.where, s.format)
		}
	}
	for _, format := range slices.Sorted(maps.Keys(chinese)) {
		if !texts[format] {
			t.Errorf("zh.json: nothing says %q any more", format)
		}
	}
	if len(texts) < 300 {
		t.Errorf("only %d texts were found", len(texts))
	}
}

// inCode finds the formats in the code.
func inCode(t *testing.T) (all []said) {
	files, at := sources(t, "../../..")
	const here = "../../../platform/base/fault"
	m := makers{"fault New": 2, here + " New": 2, "fault T": 0, "method Field": 1, "method Saying": 0}
	for known := 0; known != len(m); {
		known, all = len(m), nil
		for _, s := range files {
			all = append(all, m.read(t, s, at)...)
		}
	}
	return all
}

// read gives the formats of a file and learns its makers.
func (m makers) read(t *testing.T, s source, at *token.FileSet) (all []said) {
	type scope struct {
		name   string // "" of a function without one
		params []string
	}
	var around []scope
	var stack []ast.Node
	named := map[*ast.FuncLit]string{}
	ast.Inspect(s.file, func(n ast.Node) bool {
		if n == nil {
			switch stack[len(stack)-1].(type) {
			case *ast.FuncDecl, *ast.FuncLit:
				around = around[:len(around)-1]
			}
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		switch x := n.(type) {
		case *ast.AssignStmt:
			for i, v := range x.Rhs {
				if lit, ok := v.(*ast.FuncLit); ok {
					if id, ok := x.Lhs[i].(*ast.Ident); ok {
						named[lit] = id.Name
					}
				}
			}
		case *ast.FuncDecl:
			around = append(around, scope{x.Name.Name, params(x.Type)})
		case *ast.FuncLit:
			around = append(around, scope{named[x], params(x.Type)})
		case *ast.CallExpr:
			i, ok := m.of(s.folder, x)
			if !ok || len(x.Args) <= i {
				return true
			}
			format, ok := literal(x.Args[i])
			if ok {
				args := len(x.Args) - i - 1
				if x.Ellipsis.IsValid() {
					args = -1
				}
				all = append(all, said{format, at.Position(x.Pos()).String(), args})
				return true
			}
			if id, ok := x.Args[i].(*ast.Ident); ok {
				for j := len(around) - 1; j >= 0; j-- {
					if k := slices.Index(around[j].params, id.Name); k >= 0 {
						if around[j].name != "" {
							m[s.folder+" "+around[j].name] = k
						}
						return true
					}
				}
			}
			t.Errorf("%s: the text is not a literal, so nobody can translate it", at.Position(x.Pos()))
		}
		return true
	})
	return all
}

func params(f *ast.FuncType) (names []string) {
	for _, p := range f.Params.List {
		for _, n := range p.Names {
			names = append(names, n.Name)
		}
	}
	return names
}

func literal(e ast.Expr) (string, bool) {
	switch x := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(x.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		a, ok := literal(x.X)
		b, ok2 := literal(x.Y)
		return a + b, ok && ok2 && x.Op == token.ADD
	}
	return "", false
}

// elsewhere lists what others say: HTTP, the check of requests by huma, and the reader of CSV.
func elsewhere(t *testing.T) (all []said) {
	for _, status := range []int{400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 429, 431, 500, 503} { // what the gateway answers
		all = append(all, said{http.StatusText(status), "net/http", 0})
	}
	dir := func(module string) string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	at := token.NewFileSet()
	messages, err := parser.ParseFile(at, filepath.Join(dir("github.com/danielgtaylor/huma/v2"), "validation/messages.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(messages, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for _, value := range v.Values {
				if s, ok := literal(value); ok {
					all = append(all, said{s, at.Position(v.Pos()).String(), -1})
				}
			}
		}
		return true
	})
	for _, s := range []string{ // huma's that do not go through its ErrorFormatter
		"invalid integer", "invalid boolean", "invalid float", "request body is required", "required query parameter is missing", "required path parameter is missing",
		"required header parameter is missing", "required cookie parameter is missing", "expected at most one value, but received multiple values", "unknown query parameter",
		"unexpected end of JSON input", "send it as multipart/form-data", "bare \" in non-quoted field", "extraneous or missing \" in quoted-field", "wrong number of fields",
	} {
		all = append(all, said{s, "a library", 0})
	}
	return append(all, plugins(t)...)
}

// plugins lists what our own plugins tell of a setting.
func plugins(t *testing.T) (all []said) {
	b, err := os.ReadFile("../../../plugins/official/sandboxpay/account.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`"(the provider cannot be reached)"`).FindAllStringSubmatch(string(b), -1) {
		all = append(all, said{m[1], "sandboxpay", 0})
	}
	return all
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?([a-zA-Z])`)

// verbs gives the letter for each argument, and fails the format with letters other than those that Text allows.
func verbs(format string) (letters []string) {
	next := 1
	byArg := map[int]string{}
	for _, v := range verb.FindAllStringSubmatch(strings.ReplaceAll(format, "%%", ""), -1) {
		if v[1] != "" {
			next, _ = strconv.Atoi(v[1])
		}
		byArg[next] = v[2]
		next++
	}
	for i := 1; i <= len(byArg); i++ {
		letters = append(letters, byArg[i])
	}
	return letters
}

func fits(english, chinese string) bool {
	a, b := verbs(english), verbs(chinese)
	for _, v := range a {
		if !strings.Contains("sqdv", v) || v == "" {
			return false
		}
	}
	return len(a) == len(b) && slices.EqualFunc(a, b, func(x, y string) bool { return x == y || x == "q" && y == "s" })
}

func Example_fits() {
	fmt.Println(fits("%d of %s", "%[2]s 的 %[1]d"), fits("%d of %s", "%s 的 %d"), fits("%d", "x"))
	// Output: true false false
}
