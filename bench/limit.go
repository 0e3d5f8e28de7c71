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
	"time"
)

//go:embed *.sql
var scripts embed.FS

var (
	tps       = regexp.MustCompile(`tps = ([0-9.]+)`)
	processed = regexp.MustCompile(`actually processed: ([0-9]+)`)
)

// limited is what pgbench came to.
type limited struct {
	rate float64       // transactions a second
	cost time.Duration // processor time of one, of database and client together
}

// pgbench runs a script as the role and in the tenant that the server works in.
func (r *rig) pgbench(ctx context.Context, script string, conns int) (l limited, err error) {
	b, err := scripts.ReadFile(script + ".sql")
	if err != nil {
		return l, err
	}
	before, err := r.usage()
	if err != nil {
		return l, err
	}
	file := filepath.Join(r.dir, script+".sql")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(b), ":tenant", "'"+r.shops[1].id.String()+"'")), 0o600); err != nil {
		return l, err
	}
	cmd := exec.CommandContext(ctx, "pgbench", "-n", "-M", "prepared", "-c", strconv.Itoa(conns), "-j", strconv.Itoa(min(conns, 2)), "-T", strconv.Itoa(max(1, int(r.seconds.Seconds()))), "-f", file, r.postgres.URL)
	cmd.Env = append(os.Environ(), "PGOPTIONS=-c role=allhours_app")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return l, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	m := tps.FindSubmatch(out)
	if m == nil || !strings.Contains(string(out), "number of failed transactions: 0 (") {
		return l, fmt.Errorf("pgbench: %s", out)
	}
	after, err := r.usage()
	if err != nil {
		return l, err
	}
	done, _ := strconv.ParseFloat(string(processed.FindSubmatch(out)[1]), 64)
	l.cost = time.Duration(float64(after.ended-before.ended+cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()) / done)
	l.rate, err = strconv.ParseFloat(string(m[1]), 64)
	return l, err
}
