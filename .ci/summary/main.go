// Summary reads `go test -json`, prints what failed with its output, one line a package, and the counts; it exits with 1 if a test failed or was skipped
// because a server was missing: such a skip hides a broken machine.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
)

type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

var serverMissing = regexp.MustCompile(`(?i)postgres|redis|chromium|server`)

func main() {
	passed, skipped, broken := 0, 0, 0
	var failed []string
	output := map[string]*strings.Builder{}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Action == "" {
			fmt.Println(lines.Text())
			continue
		}
		key := e.Package + "|" + e.Test
		switch e.Action {
		case "output":
			if output[key] == nil {
				output[key] = &strings.Builder{}
			}
			output[key].WriteString(e.Output)
		case "build-output":
			fmt.Print(e.Output)
		case "build-fail":
			broken++
		case "pass", "fail", "skip":
			text := ""
			if b := output[key]; b != nil {
				text = b.String()
			}
			delete(output, key)
			if e.Test == "" {
				if e.Action == "fail" {
					broken++
					fmt.Print(text)
				}
				if e.Action != "skip" {
					fmt.Printf("%-4s %7.1f s  %s\n", e.Action, e.Elapsed, e.Package)
				}
				continue
			}
			switch e.Action {
			case "pass":
				passed++
			case "fail":
				failed = append(failed, e.Package+" "+e.Test)
				fmt.Printf("--- FAIL: %s %s\n%s", e.Package, e.Test, text)
			case "skip":
				skipped++
				fmt.Printf("skipped: %s %s\n%s", e.Package, e.Test, text)
				if serverMissing.MatchString(text) {
					broken++
				}
			}
		}
	}
	if lines.Err() != nil {
		fmt.Println(lines.Err())
		broken++
	}
	fmt.Printf("\ngo: %d passed, %d failed, %d skipped\n", passed, len(failed), skipped)
	for _, name := range failed {
		fmt.Println("failed:", name) // once more at the end, where a reader of a long log looks
	}
	if len(failed)+broken > 0 || passed == 0 {
		os.Exit(1)
	}
}
