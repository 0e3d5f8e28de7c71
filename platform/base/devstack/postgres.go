package devstack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresOptions says where a cluster lives and what it is for.
type PostgresOptions struct {
	Dir            string // made if absent; keeps the data between runs
	BinDir         string // folder of initdb and postgres; found when empty
	MaxConnections int    // 200 when zero
	// Disposable gives up durability for speed: for tests only. A machine that
	// loses power loses the cluster.
	Disposable bool
}

// Postgres is a running private cluster.
type Postgres struct {
	URL  string // superuser, over the socket, with the password in it
	Addr string // host:port of the same server on loopback
	Dir  string // where the data really are

	bin    string
	as     *account
	opts   PostgresOptions
	port   int
	socket string
	lock   *os.File
	proc   *process
	stop   sync.Once
	err    error
}

// StartPostgres makes the cluster if Dir holds none and starts it; it returns
// when the server answers queries. The caller must Stop it.
func StartPostgres(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	bin, err := findPostgres(o.BinDir)
	if err != nil {
		return nil, err
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := as.home(o.Dir)
	if err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	p := &Postgres{Dir: dir, bin: bin, as: as, opts: o, lock: lock}
	if err := p.start(ctx); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

func (p *Postgres) start(ctx context.Context) error {
	pw, err := password(filepath.Join(p.Dir, "password"))
	if err != nil {
		return err
	}
	if err := p.initialise(ctx, pw); err != nil {
		return err
	}
	if err := reap(filepath.Join(p.data(), "postmaster.pid"), "postgres", p.data(), fast, immediate); err != nil {
		return err
	}
	if err := p.makeSocketDir(); err != nil {
		return err
	}
	return p.launchPatiently(ctx, func() error {
		if p.port, err = freePort(); err != nil {
			return err
		}
		p.Addr = fmt.Sprintf("127.0.0.1:%d", p.port)
		p.URL = (&url.URL{
			Scheme: "postgres", User: url.UserPassword("postgres", pw), Path: "/postgres",
			RawQuery: url.Values{"host": {p.socket}, "port": {strconv.Itoa(p.port)}}.Encode(),
		}).String()
		return nil
	})
}

// launchPatiently tries again where the reason passes: a port taken between
// finding and using it, or backends that have not noticed yet that their
// postmaster was killed.
func (p *Postgres) launchPatiently(ctx context.Context, address func() error) error {
	for try := 0; ; try++ {
		if err := address(); err != nil {
			return err
		}
		err := p.launch(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		log := tail(p.log())
		passing := strings.Contains(log, "in use") || strings.Contains(log, "lock file")
		if try == 25 || !passing {
			return fmt.Errorf("%w\n%s", err, log)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// initialise runs initdb beside the final place and moves the result there, so
// that a killed run never leaves half a cluster.
func (p *Postgres) initialise(ctx context.Context, pw string) error {
	if exists(filepath.Join(p.data(), "PG_VERSION")) {
		return p.checkVersion()
	}
	half := p.data() + ".new"
	if err := os.RemoveAll(half); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	pwFile := filepath.Join(p.Dir, "initdb.pw")
	if err := os.WriteFile(pwFile, []byte(pw), 0o600); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	defer os.Remove(pwFile)
	if err := p.as.own(pwFile); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	locale := "C.UTF-8"
	if runtime.GOOS == "darwin" {
		locale = "en_US.UTF-8"
	}
	args := []string{
		"-D", half, "-U", "postgres", "--encoding=UTF8", "--locale=" + locale,
		"--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile=" + pwFile,
	}
	if p.opts.Disposable {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, "initdb"), args...)
	cmd.Env, cmd.Dir = cleanEnv(), p.Dir
	out, err := os.Create(p.log())
	if err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	proc, err := spawn(cmd, syscall.SIGTERM, p.as)
	if err != nil {
		return err
	}
	<-proc.done
	if proc.err != nil {
		return fmt.Errorf("initdb: %w\n%s", proc.err, tail(p.log()))
	}
	if err := os.Rename(half, p.data()); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	return nil
}

// checkVersion refuses a data folder made by another major version, which the
// server would refuse in words that do not say what to do.
func (p *Postgres) checkVersion() error {
	b, err := os.ReadFile(filepath.Join(p.data(), "PG_VERSION"))
	if err != nil {
		return fmt.Errorf("read cluster version: %w", err)
	}
	out, err := exec.Command(filepath.Join(p.bin, "postgres"), "--version").Output()
	if err != nil {
		return fmt.Errorf("read server version: %w", err)
	}
	made := strings.TrimSpace(string(b))
	if fields := strings.Fields(string(out)); len(fields) < 3 || !strings.HasPrefix(fields[2], made) {
		return fmt.Errorf("the data in %s were made by PostgreSQL %s but %s is %s: set ALLHOURS_PG_BIN to the bin folder of version %s, or delete the data",
			p.Dir, made, p.bin, strings.TrimSpace(string(out)), made)
	}
	return nil
}

// makeSocketDir puts the socket beside the data, or in the temporary folder
// where that path would be longer than a socket address may be.
func (p *Postgres) makeSocketDir() error {
	p.socket = filepath.Join(p.Dir, "run")
	if len(p.socket) > 80 {
		dir, err := os.MkdirTemp("/tmp", "allhours-")
		if err != nil {
			return fmt.Errorf("socket folder: %w", err)
		}
		p.socket = dir
	}
	if err := os.MkdirAll(p.socket, 0o700); err != nil {
		return fmt.Errorf("socket folder: %w", err)
	}
	return p.as.own(p.socket)
}

func (p *Postgres) launch(ctx context.Context) error {
	cmd := exec.Command(filepath.Join(p.bin, "postgres"), p.args()...)
	cmd.Env, cmd.Dir = cleanEnv(), p.data()
	out, err := os.Create(p.log())
	if err != nil {
		return fmt.Errorf("server log: %w", err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if p.proc, err = spawn(cmd, syscall.SIGINT, p.as); err != nil {
		return err
	}
	return p.ready(ctx)
}

func (p *Postgres) args() []string {
	max := p.opts.MaxConnections
	if max == 0 {
		max = 200
	}
	set := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(p.port), "unix_socket_directories=" + p.socket,
		"unix_socket_permissions=0700", "max_connections=" + strconv.Itoa(max), "shared_buffers=128MB",
		"timezone=UTC", "log_timezone=UTC", "jit=off", "max_wal_size=1GB", "log_min_messages=warning",
	}
	if p.opts.Disposable {
		set = append(set, "fsync=off", "synchronous_commit=off", "full_page_writes=off",
			"wal_level=minimal", "max_wal_senders=0")
	}
	args := []string{"-D", p.data()}
	for _, s := range set {
		args = append(args, "-c", s)
	}
	return args
}

func (p *Postgres) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.proc.done:
			return fmt.Errorf("PostgreSQL stopped while starting: %w", p.proc.err)
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL is not ready: %w", ctx.Err())
		case <-tick.C:
		}
		if c, err := pgx.Connect(ctx, p.URL); err == nil {
			c.Close(ctx)
			return nil
		}
	}
}

// Stop ends the server cleanly: sessions are broken off, committed work is on
// disk. It may be called more than once.
func (p *Postgres) Stop() error {
	p.stop.Do(func() {
		if p.proc != nil {
			p.err = p.proc.stop(fast, immediate)
		}
		if p.socket != "" && !strings.HasPrefix(p.socket, p.Dir) {
			os.RemoveAll(p.socket)
		}
		p.lock.Close()
	})
	return p.err
}

// Kill ends the server as a crash would, for tests of what happens then.
func (p *Postgres) Kill() { _ = p.proc.stop(kill) }

// Restart starts the server again after Kill, at the same address.
func (p *Postgres) Restart(ctx context.Context) error {
	return p.launchPatiently(ctx, func() error { return nil })
}

// Done is closed when the server has ended, by Stop or by itself.
func (p *Postgres) Done() <-chan struct{} { return p.proc.done }

func (p *Postgres) data() string { return filepath.Join(p.Dir, "data") }
func (p *Postgres) log() string  { return filepath.Join(p.Dir, "log") }

var (
	fast      = ask{syscall.SIGINT, 20 * time.Second}
	immediate = ask{syscall.SIGQUIT, 5 * time.Second}
)

// cleanEnv keeps settings meant for another server (PGDATA, PGPORT, LC_ALL)
// and our own secrets away from the children.
func cleanEnv() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=/", "LANG=C", "TZ=UTC"}
}
