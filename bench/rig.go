package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"allhours/migrations"
	"allhours/platform/base/db"
	"allhours/platform/base/devstack"
	"allhours/platform/base/secrets"
	"allhours/platform/orders/orderstest"
)

// rig is everything that runs during the bench.
type rig struct {
	options
	dir      string
	postgres *devstack.Postgres
	redis    *devstack.Redis
	server   *process
	worker   *process
	keys     secrets.Keys
	owner    *pgx.Conn
	shops    []shop      // the first two have many goods; the second is pgbench's
	variants []uuid.UUID // of the first, by their number
	addr     string
	metrics  string
}

// process is a program of ours that runs beside the bench.
type process struct{ cmd *exec.Cmd }

func newRig(ctx context.Context, o options) (*rig, error) {
	r := &rig{options: o}
	if err := r.build(ctx); err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

func (r *rig) build(ctx context.Context) (err error) {
	if r.dir, err = os.MkdirTemp("", "allhours-bench-"); err != nil {
		return err
	}
	if r.binary == "" {
		r.binary = filepath.Join(r.dir, "allhours")
		build := exec.CommandContext(ctx, "go", "build", "-o", r.binary, "./platform/cmd/allhours")
		build.Stdout, build.Stderr = os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build the server (run bench in the repository's root): %w", err)
		}
	}
	if r.postgres, err = devstack.StartPostgres(ctx, devstack.PostgresOptions{Dir: filepath.Join(r.dir, "postgres"), MaxConnections: 200}); err != nil {
		return err
	}
	if r.redis, err = devstack.StartRedis(ctx, devstack.RedisOptions{Dir: filepath.Join(r.dir, "redis"), RealOnly: true, Disposable: true}); err != nil {
		return err
	}
	if _, err := db.Migrate(ctx, r.postgres.URL, migrations.FS); err != nil {
		return err
	}
	if r.keys, err = secrets.LoadOrMake(secrets.Config{KeyFile: r.keyFile()}); err != nil {
		return err
	}
	if r.owner, err = pgx.Connect(ctx, r.postgres.URL); err != nil {
		return err
	}
	if err := r.seed(ctx); err != nil {
		return fmt.Errorf("fill the shops: %w", err)
	}
	return r.start(ctx)
}

func (r *rig) keyFile() string { return filepath.Join(r.dir, "keys") }

// start runs the real server, with the limits on requests out of the way: it is they that would be measured.
func (r *rig) start(ctx context.Context) error {
	var err error
	if r.addr, err = freeAddr(); err != nil {
		return err
	}
	if r.metrics, err = freeAddr(); err != nil {
		return err
	}
	env := append(os.Environ(),
		"ALLHOURS_DATABASE_URL="+r.postgres.URL, "ALLHOURS_REDIS_URL="+r.redis.URL, "ALLHOURS_KEY_FILE="+r.keyFile(), "ALLHOURS_BLOB_DIR="+filepath.Join(r.dir, "blobs"),
		"ALLHOURS_LISTEN="+r.addr, "ALLHOURS_LISTEN_INTERNAL="+r.metrics, "ALLHOURS_RATE_ADDRESS=10000000", "ALLHOURS_RATE_KEY=10000000", "ALLHOURS_RATE_STRICT=10000000",
		"ALLHOURS_ACCESS_LOG=errors", "ALLHOURS_PLUGINS_DIR="+filepath.Join(r.dir, "plugins"))
	if r.server, err = launch(env, r.binary, "serve"); err != nil {
		return err
	}
	if r.options.worker {
		env = append(env, "ALLHOURS_LISTEN=127.0.0.1:0", "ALLHOURS_LISTEN_INTERNAL=")
		if r.worker, err = launch(env, r.binary, "work"); err != nil {
			return err
		}
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		resp, err := http.Get("http://" + r.addr + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(resp.Status)
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("the server is not ready: %w", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func launch(env []string, program string, args ...string) (*process, error) {
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stderr = env, os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd}, nil
}

func (p *process) stop() {
	if p != nil && p.cmd.Process != nil {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		_ = p.cmd.Wait()
	}
}

func (r *rig) stop() {
	r.server.stop()
	r.worker.stop()
	if r.owner != nil {
		_ = r.owner.Close(context.Background())
	}
	if r.redis != nil {
		_ = r.redis.Stop()
	}
	if r.postgres != nil {
		_ = r.postgres.Stop()
		_ = os.RemoveAll(r.postgres.Dir)
	}
	_ = os.RemoveAll(r.dir)
}

// check holds the invariants against what the server has done; what pgbench has done breaks them by its nature and is taken out.
func (r *rig) check(ctx context.Context) ([]string, error) {
	for _, table := range []string{"pool_levels", "movements", "order_lines", "orders", "idempotency_keys"} {
		if _, err := r.owner.Exec(ctx, "DELETE FROM "+table+" WHERE tenant_id = $1", r.shops[1].id); err != nil {
			return nil, err
		}
	}
	return orderstest.Findings(ctx, r.owner)
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// used is what has been spent since the start: processor time of the server, of its database sessions, of sessions that have ended (pgbench's), and of this program.
type used struct {
	server, postgres, ended, client time.Duration
	statements, trips               float64
}

func (r *rig) usage() (u used, err error) {
	u.server = processTime(r.server.cmd.Process.Pid)
	rows, err := r.owner.Query(context.Background(), "SELECT pid FROM pg_stat_activity WHERE application_name = 'allhours'")
	if err != nil {
		return u, err
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return u, err
	}
	for _, pid := range pids {
		u.postgres += processTime(pid)
	}
	u.ended = childrenTime(parent(int(r.owner.PgConn().PID())))
	var self syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err == nil {
		u.client = time.Duration(self.Utime.Nano() + self.Stime.Nano())
	}
	resp, err := http.Get("http://" + r.metrics + "/metrics")
	if err != nil {
		return u, fmt.Errorf("read the server's metrics: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	for _, line := range strings.Split(string(b), "\n") {
		name, value, _ := strings.Cut(line, " ")
		switch name {
		case "allhours_database_statements_total":
			u.statements, _ = strconv.ParseFloat(value, 64)
		case "allhours_database_round_trips_total":
			u.trips, _ = strconv.ParseFloat(value, 64)
		}
	}
	return u, err
}

// processTime is the processor time of a process; 0 where the system has no /proc.
func processTime(pid int) time.Duration { return ticks(pid, 11) }

// childrenTime is that of its children that have ended.
func childrenTime(pid int) time.Duration { return ticks(pid, 13) }

func ticks(pid, at int) time.Duration {
	fields := status(pid)
	if len(fields) <= at+1 {
		return 0
	}
	user, _ := strconv.Atoi(fields[at])
	system, _ := strconv.Atoi(fields[at+1])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func parent(pid int) int {
	fields := status(pid)
	if len(fields) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(fields[1])
	return n
}

// status is /proc/PID/stat from the state on, which comes after the name in brackets.
func status(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
}

// memory is the resident memory of the process, now and at the most, in bytes.
func (p *process) memory() (now, most int64) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for _, line := range strings.Split(string(b), "\n") {
		var kb int64
		switch {
		case strings.HasPrefix(line, "VmRSS:"):
			fmt.Sscanf(line, "VmRSS: %d", &kb)
			now = kb << 10
		case strings.HasPrefix(line, "VmHWM:"):
			fmt.Sscanf(line, "VmHWM: %d", &kb)
			most = kb << 10
		}
	}
	return now, most
}
