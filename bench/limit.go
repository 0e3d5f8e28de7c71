package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

//go:embed *.sql
var scripts embed.FS

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbench runs a script as the role and in the tenant that the server works in, and gives its transactions a second.
func (r *rig) pgbench(ctx context.Context, script string, conns int) (float64, error) {
	b, err := scripts.ReadFile(script + ".sql")
	if err != nil {
		return 0, err
	}
	file := filepath.Join(r.dir, script+".sql")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(b), ":tenant", "'"+r.shops[1].id.String()+"'")), 0o600); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, "pgbench", "-n", "-M", "prepared", "-c", strconv.Itoa(conns), "-j", strconv.Itoa(min(conns, 2)), "-T", strconv.Itoa(max(1, int(r.seconds.Seconds()))), "-f", file, r.postgres.URL)
	cmd.Env = append(os.Environ(), "PGOPTIONS=-c role=allhours_app")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	m := tps.FindSubmatch(out)
	if m == nil || !strings.Contains(string(out), "number of failed transactions: 0 (") {
		return 0, fmt.Errorf("pgbench: %s", out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}
