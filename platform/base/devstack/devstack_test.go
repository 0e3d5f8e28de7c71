package devstack

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// TestMain lets the test binary play the parent that gets killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("DEVSTACK_TEST_PARENT"); dir != "" {
		pg, err := StartPostgres(context.Background(), PostgresOptions{Dir: filepath.Join(dir, "pg"), Disposable: true})
		if err != nil {
			panic(err)
		}
		r, err := StartRedis(context.Background(), RedisOptions{Dir: filepath.Join(dir, "redis"), RealOnly: true})
		if err != nil {
			panic(err)
		}
		println("ready", pg.proc.cmd.Process.Pid, r.proc.cmd.Process.Pid)
		select {}
	}
	os.Exit(m.Run())
}

func startPostgres(t *testing.T, dir string) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context(), PostgresOptions{Dir: dir, Disposable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop() })
	return p
}

func query[T any](t *testing.T, url, sql string) (v T) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if err := c.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// shortDir is a folder whose socket path is short enough.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "ah-devstack-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestPostgresKeepsDataAcrossStarts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(shortDir(t), "pg")
	p := startPostgres(t, dir)
	query[int](t, p.URL, "WITH x AS (SELECT 1) SELECT count(*)::int FROM x")
	exec1(t, p.URL, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)")

	if _, err := StartPostgres(t.Context(), PostgresOptions{Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use by another") {
		t.Fatalf("second start in the same folder: %v, want it refused", err)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	p = startPostgres(t, dir)
	t.Logf("second start ready in %v", time.Since(begin))
	if got := query[int](t, p.URL, "SELECT n FROM kept"); got != 42 {
		t.Errorf("kept %d, want 42", got)
	}
	tcp := strings.Replace(p.URL, "@/", "@"+p.Addr+"/", 1)
	tcp, _, _ = strings.Cut(tcp, "?")
	if got := query[int](t, tcp+"?sslmode=disable", "SELECT n FROM kept"); got != 42 {
		t.Errorf("over TCP %d, want 42", got)
	}
	if _, err := pgx.Connect(t.Context(), "postgres://postgres:wrong@"+p.Addr+"/postgres?sslmode=disable"); err == nil {
		t.Error("TCP let a wrong password in")
	}
}

func exec1(t *testing.T, url, sql string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, err := c.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestPostgresSurvivesKill(t *testing.T) {
	t.Parallel()
	p, err := StartPostgres(t.Context(), PostgresOptions{Dir: filepath.Join(shortDir(t), "pg")})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	exec1(t, p.URL, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
	p.Kill()
	if err := p.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := query[int](t, p.URL, "SELECT n FROM kept"); got != 1 {
		t.Errorf("kept %d, want 1", got)
	}
}

func TestPostgresPathTooLongForSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(shortDir(t), strings.Repeat("long-", 20), "pg")
	p := startPostgres(t, dir)
	query[int](t, p.URL, "SELECT 1")
	socket := p.socket
	p.Stop()
	if exists(socket) {
		t.Errorf("socket folder %s left behind", socket)
	}
}

func TestUnreachableFolderMoves(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Log("only root gives its processes to another user")
		return
	}
	closed := filepath.Join(shortDir(t), "rootonly")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	p := startPostgres(t, filepath.Join(closed, ".data", "postgres"))
	t.Cleanup(func() { os.RemoveAll(p.Dir) })
	if !strings.HasPrefix(p.Dir, "/var/lib/allhours/") {
		t.Errorf("data in %s, want /var/lib/allhours/...", p.Dir)
	}
	exec1(t, p.URL, "CREATE TABLE kept (n int)")
	p.Stop()
	p = startPostgres(t, filepath.Join(closed, ".data", "postgres"))
	query[int](t, p.URL, "SELECT count(*)::int FROM kept")
}

func TestStalePidFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(shortDir(t), "pg")
	p := startPostgres(t, dir)
	pidFile := filepath.Join(p.data(), "postmaster.pid")
	old, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	p.Stop()
	// The id now belongs to somebody else: this test.
	_, rest, _ := strings.Cut(string(old), "\n")
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(os.Getpid())+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	if p.as != nil {
		p.as.own(pidFile)
	}
	p = startPostgres(t, dir)
	query[int](t, p.URL, "SELECT 1")
}

// TestChildrenDieWithParent kills the parent as hard as can be, and then plants
// orphans of the kind a system without parent-death signals would leave.
func TestChildrenDieWithParent(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "DEVSTACK_TEST_PARENT="+dir)
	stderr, err := parent.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(stderr).ReadString('\n')
	fields := strings.Fields(line)
	if len(fields) != 3 || fields[0] != "ready" {
		t.Fatalf("parent said %q", line)
	}
	parent.Process.Kill()
	parent.Wait()
	for _, f := range fields[1:] {
		pid, _ := strconv.Atoi(f)
		for end := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				syscall.Kill(pid, syscall.SIGKILL)
				t.Fatalf("process %d outlived its parent", pid)
			}
		}
	}
	p := startPostgres(t, filepath.Join(dir, "pg"))
	query[int](t, p.URL, "SELECT 1")
}

func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestOrphansAreReaped(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	p := startPostgres(t, filepath.Join(dir, "pg"))
	p.lock.Close() // as if the owner were gone and the server not
	q := startPostgres(t, filepath.Join(dir, "pg"))
	query[int](t, q.URL, "SELECT 1")
	<-p.proc.done

	r, err := StartRedis(t.Context(), RedisOptions{Dir: filepath.Join(dir, "redis"), RealOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	r.lock.Close()
	s, err := StartRedis(t.Context(), RedisOptions{Dir: filepath.Join(dir, "redis"), RealOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	<-r.proc.done
}

func TestRedisKeepsOrForgets(t *testing.T) {
	t.Parallel()
	for _, disposable := range []bool{false, true} {
		r, err := StartRedis(t.Context(), RedisOptions{Dir: shortDir(t), RealOnly: true, Disposable: disposable})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Stop()
		o, err := redis.ParseURL(r.URL)
		if err != nil {
			t.Fatal(err)
		}
		c := redis.NewClient(o)
		defer c.Close()
		if policy := c.ConfigGet(t.Context(), "maxmemory-policy").Val()["maxmemory-policy"]; policy != "noeviction" {
			t.Errorf("maxmemory-policy is %q", policy)
		}
		if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if !disposable {
			c.Do(t.Context(), "WAITAOF", 1, 0, 2000) // Redis 7.2; older ones sync within the second
			for end := time.Now().Add(5 * time.Second); !strings.Contains(c.Info(t.Context(), "persistence").Val(), "aof_pending_bio_fsync:0") && time.Now().Before(end); {
			}
		}
		r.Kill()
		if err := r.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := c.Get(t.Context(), "k").Result()
		if disposable && !errors.Is(err, redis.Nil) {
			t.Errorf("disposable Redis kept %q, %v", got, err)
		}
		if !disposable && got != "v" {
			t.Errorf("durable Redis kept %q, %v", got, err)
		}
	}
}

func TestMiniredisClockRuns(t *testing.T) {
	t.Parallel()
	r := &Redis{}
	if err := r.startInProcess(); err != nil {
		t.Fatal(err)
	}
	defer r.Stop()
	c := redis.NewClient(&redis.Options{Addr: r.Addr})
	defer c.Close()
	if err := c.Set(t.Context(), "lease", "mine", 200*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); c.Exists(t.Context(), "lease").Val() == 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("lease never expired")
		}
	}
}

func TestMissingServerSaysHowToInstall(t *testing.T) {
	t.Parallel()
	_, err := StartPostgres(t.Context(), PostgresOptions{Dir: t.TempDir(), BinDir: t.TempDir()})
	var missing *MissingError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "install") {
		t.Fatalf("got %v, want a MissingError with the install line", err)
	}
}
