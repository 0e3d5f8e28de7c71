package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// RedisOptions says where a Redis lives and how much it must be the real one.
type RedisOptions struct {
	Dir        string // made if absent; keeps the data between runs
	RealOnly   bool   // fail where no server is installed, in place of miniredis
	Disposable bool   // keep nothing on disk: a killed server comes back empty
}

// Redis is a running private Redis.
type Redis struct {
	URL       string // redis://:password@127.0.0.1:port/0
	Addr      string // host:port
	InProcess bool   // miniredis: slower, forgets everything, for a first look only

	bin, dir, pw string
	port         int
	opts         RedisOptions
	lock         *os.File
	proc         *process
	mini         *miniredis.Miniredis
	miniDone     chan struct{}
	stop         sync.Once
	err          error
}

// StartRedis starts redis-server (append-only file synced every second, never
// evicting), or miniredis in this process where no server is installed; it
// returns when the server answers. The caller must Stop it.
func StartRedis(ctx context.Context, o RedisOptions) (*Redis, error) {
	r := &Redis{opts: o, bin: findRedis()}
	if r.bin == "" && o.RealOnly {
		return nil, &MissingError{Program: "Redis", Looked: "PATH", Install: installLine("redis-server", "redis", "redis")}
	}
	if r.bin == "" {
		return r, r.startInProcess()
	}
	var err error
	if r.dir, err = folder(o.Dir); err != nil {
		return nil, err
	}
	if r.lock, err = lockDir(r.dir); err != nil {
		return nil, err
	}
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(err, r.Stop())
	}
	return r, nil
}

func (r *Redis) start(ctx context.Context) error {
	pw, err := password(filepath.Join(r.dir, "password"))
	if err != nil {
		return err
	}
	if err := reap(filepath.Join(r.dir, "redis.pid"), filepath.Base(r.bin), r.dir, term, kill); err != nil {
		return err
	}
	for try := 0; ; try++ {
		if r.port, err = freePort(); err != nil {
			return err
		}
		r.pw, r.Addr = pw, fmt.Sprintf("127.0.0.1:%d", r.port)
		r.URL = fmt.Sprintf("redis://:%s@%s/0", pw, r.Addr)
		if err = r.launch(ctx); err == nil || ctx.Err() != nil {
			return err
		}
		if log := tail(r.log()); try == 5 || !strings.Contains(log, "in use") {
			return fmt.Errorf("%w\n%s", err, log)
		}
	}
}

// launch gives the settings on standard input, where no other user sees the
// password.
func (r *Redis) launch(ctx context.Context) error {
	appendonly := "yes"
	if r.opts.Disposable {
		appendonly = "no"
	}
	set := []string{
		"bind 127.0.0.1", "port " + strconv.Itoa(r.port), "requirepass " + r.pw,
		"dir " + strconv.Quote(r.dir), "appendonly " + appendonly, "appendfsync everysec", `save ""`,
		"maxmemory-policy noeviction", "daemonize no", "loglevel notice",
	}
	cmd := exec.Command(r.bin, "-")
	cmd.Stdin = strings.NewReader(strings.Join(set, "\n") + "\n")
	cmd.Env, cmd.Dir = cleanEnv(), r.dir
	out, err := os.Create(r.log())
	if err != nil {
		return fmt.Errorf("server log: %w", err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if r.proc, err = spawn(cmd, syscall.SIGTERM, nil); err != nil {
		return err
	}
	pid := []byte(strconv.Itoa(cmd.Process.Pid) + "\n")
	if err := os.WriteFile(filepath.Join(r.dir, "redis.pid"), pid, 0o644); err != nil {
		return fmt.Errorf("pid file: %w", err)
	}
	return r.ready(ctx)
}

func (r *Redis) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c := redis.NewClient(&redis.Options{Addr: r.Addr, Password: r.pw, MaxRetries: -1})
	defer c.Close()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.proc.done:
			return fmt.Errorf("Redis stopped while starting: %w", r.proc.err)
		case <-ctx.Done():
			return fmt.Errorf("Redis is not ready: %w", ctx.Err())
		case <-tick.C:
		}
		if c.Ping(ctx).Err() == nil {
			return nil
		}
	}
}

// startInProcess runs miniredis. Its clock stands still unless told otherwise,
// and then leases and locks never expire; so tell it.
func (r *Redis) startInProcess() error {
	r.mini, r.miniDone = miniredis.NewMiniRedis(), make(chan struct{})
	if err := r.mini.StartAddr("127.0.0.1:0"); err != nil {
		return fmt.Errorf("start miniredis: %w", err)
	}
	r.InProcess, r.Addr = true, r.mini.Addr()
	r.URL = "redis://" + r.Addr + "/0"
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		last := time.Now()
		for {
			select {
			case <-r.miniDone:
				return
			case now := <-tick.C:
				r.mini.FastForward(now.Sub(last))
				last = now
			}
		}
	}()
	return nil
}

// Stop ends the server and writes what it holds to disk. It may be called more
// than once.
func (r *Redis) Stop() error {
	r.stop.Do(func() {
		if r.mini != nil {
			close(r.miniDone)
			r.mini.Close()
			return
		}
		if r.proc != nil {
			if r.err = r.proc.stop(term, kill); r.err == nil {
				os.Remove(filepath.Join(r.dir, "redis.pid"))
			}
		}
		r.lock.Close()
	})
	return r.err
}

// Kill ends the server as a crash would, for tests of what happens then.
func (r *Redis) Kill() { _ = r.proc.stop(kill) }

// Restart starts the server again after Kill, at the same address.
func (r *Redis) Restart(ctx context.Context) error { return r.launch(ctx) }

func (r *Redis) log() string { return filepath.Join(r.dir, "log") }

var (
	term = ask{syscall.SIGTERM, 10 * time.Second}
	kill = ask{syscall.SIGKILL, 5 * time.Second}
)
