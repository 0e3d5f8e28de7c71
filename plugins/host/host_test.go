package host_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"allhours/plugins/host"
	"allhours/plugins/host/hosttest"
	"allhours/plugins/sdk"
	"allhours/plugins/sdk/pluginv1"
)

var binary host.Binary

func TestMain(m *testing.M) {
	if path := os.Getenv("HOST_TEST_CHILD"); path != "" {
		runChildHost(path)
		return
	}
	if path := os.Getenv("HOST_TEST_BINARY"); path != "" { // built already, by whoever runs us
		binary = record(path)
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "hosttest")
	if err != nil {
		panic(err)
	}
	path := filepath.Join(dir, "plugin")
	if _, err := hosttest.Build(path, "./testplugin"); err != nil {
		panic(err)
	}
	binary = record(path)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func record(path string) host.Binary {
	sum, err := hosttest.Sum(path)
	if err != nil {
		panic(err)
	}
	return host.Binary{Plugin: "test/naughty", Version: "1.0.0", Path: path, SHA256: sum}
}

// runChildHost is a host in a process of its own, for the test that kills it.
func runChildHost(path string) {
	h, err := host.New(host.Config{RunDir: os.Getenv("HOST_TEST_DIR")})
	if err != nil {
		panic(err)
	}
	t := host.Target{Binary: record(path), Tenant: "t", Installation: "i", Load: settings("secret-value")}
	if _, err := pay(context.Background(), h, t, ""); err != nil {
		panic(err)
	}
	fmt.Println(h.Status(t).PID)
	select {}
}

func settings(token string) func(context.Context) (host.Settings, error) {
	return func(context.Context) (host.Settings, error) {
		return host.Settings{Secrets: map[string]string{"token": token}}, nil
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *syncBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

func start(t *testing.T, cfg host.Config) (*host.Host, *syncBuffer) {
	t.Helper()
	dir, err := os.MkdirTemp("", "ah")
	if err != nil {
		t.Fatal(err)
	}
	os.Chmod(dir, 0o711)
	logs := &syncBuffer{}
	cfg.RunDir, cfg.Log = dir, slog.New(slog.NewTextHandler(logs, nil))
	if cfg.Grace == 0 {
		cfg.Grace = 200 * time.Millisecond
	}
	h, err := host.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("the host left %v behind", left)
		}
		os.RemoveAll(dir)
		if t.Failed() {
			t.Log(logs.String())
		}
	})
	return h, logs
}

func target(installation string) host.Target {
	return host.Target{Binary: binary, Tenant: "tenant-1", Installation: installation, Rev: 1, Load: settings("secret-of-" + installation)}
}

func pay(ctx context.Context, h *host.Host, t host.Target, what string) (*pluginv1.TxnResult, error) {
	return pluginv1.NewPaymentClient(h.Conn(t)).Authorize(ctx, &pluginv1.AuthorizeRequest{MethodCode: what, Amount: &pluginv1.Money{Currency: "EUR", Minor: 100, Exponent: 2}})
}

func mustPay(t *testing.T, h *host.Host, tg host.Target, what string) map[string]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := pay(ctx, h, tg, what)
	if err != nil {
		t.Fatal(err)
	}
	data := r.GetProviderData()
	data["pid"] = strconv.Itoa(h.Status(tg).PID) // as we see it; in a jail every plugin is process 1
	return data
}

func pidOf(t *testing.T, data map[string]string, name string) int {
	t.Helper()
	pid, err := strconv.Atoi(data[name])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// eventually polls until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func gone(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(raw), ") Z ")
}

func TestCallsReachTheRightInstallation(t *testing.T) {
	t.Parallel()
	h, _ := start(t, host.Config{Metrics: prometheus.NewRegistry()})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			tg := target(fmt.Sprint("inst-", i))
			m, err := pluginv1.NewPaymentClient(h.Conn(tg)).Methods(context.Background(), &pluginv1.MethodsRequest{})
			if err != nil {
				t.Error(err)
				return
			}
			if got := m.GetMethods()[0].GetCode(); got != "secret-of-"+tg.Installation {
				t.Errorf("installation %s was served with %s", tg.Installation, got)
			}
		})
	}
	wg.Wait()
	a, b := mustPay(t, h, target("a"), ""), mustPay(t, h, target("b"), "")
	if a["pid"] != b["pid"] {
		t.Error("two installations of one version run in two processes")
	}
	live := target("a")
	live.Live = true
	if mustPay(t, h, live, "")["pid"] == a["pid"] {
		t.Error("live and sandbox share a process")
	}
}

func TestNewRevisionIsConfiguredOnce(t *testing.T) {
	t.Parallel()
	h, _ := start(t, host.Config{})
	var loads atomic.Int32
	at := func(rev uint64) string {
		tg := target("a")
		tg.Rev = rev
		tg.Load = func(context.Context) (host.Settings, error) {
			loads.Add(1)
			return host.Settings{Secrets: map[string]string{"token": fmt.Sprint("rev", rev)}}, nil
		}
		m, err := pluginv1.NewPaymentClient(h.Conn(tg)).Methods(context.Background(), &pluginv1.MethodsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return m.GetMethods()[0].GetCode()
	}
	for _, rev := range []uint64{1, 1, 2, 1, 2} {
		if got := at(rev); got != fmt.Sprint("rev", rev) {
			t.Errorf("revision %d was served as %s", rev, got)
		}
	}
	if n := loads.Load(); n != 2 {
		t.Errorf("settings were loaded %d times, want 2", n)
	}
}

func TestAnotherTenantsInstallationIsRefused(t *testing.T) {
	t.Parallel()
	h, _ := start(t, host.Config{})
	mustPay(t, h, target("a"), "")
	thief := target("a")
	thief.Tenant, thief.Load = "tenant-2", nil
	if _, err := pay(context.Background(), h, thief, ""); sdk.ProblemOf(err).GetCode() != "instance.foreign_tenant" {
		t.Errorf("another tenant's call was answered with %v", err)
	}
}

func TestPluginSeesNothingOfTheHostsEnvironment(t *testing.T) {
	t.Setenv("ALLHOURS_DATABASE_URL", "postgres://secret")
	h, _ := start(t, host.Config{})
	env := mustPay(t, h, target("a"), "env")["env"]
	for _, line := range strings.Split(env, "\x00") {
		name, _, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(name, "PLUGIN_") && name != sdk.Handshake.MagicCookieKey && name != sdk.EgressEnv && name != "TZ" && name != "GOMEMLIMIT" {
			t.Errorf("the plugin sees %s", line)
		}
	}
}

func TestConfinementAsLogged(t *testing.T) {
	t.Parallel()
	for _, most := range []host.Tier{host.Basic, host.Jail} {
		h, logs := start(t, host.Config{MaxTier: most})
		data := mustPay(t, h, target("a"), "")
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.Status(target("a")).PID))
		if err != nil || !strings.Contains(string(raw), "NoNewPrivs:\t1") || !strings.Contains(string(raw), "CapEff:\t0000000000000000") {
			t.Errorf("%s: the plugin may gain privileges: %v %s", most, err, raw)
		}
		if os.Geteuid() == 0 {
			if data["uid"] == "0" {
				t.Errorf("%s: the plugin runs as root", most)
			}
			if !strings.Contains(logs.String(), string(most)) {
				t.Errorf("the tier is not logged: %s", logs)
			}
		}
	}
}

func TestWrongChecksumIsRefused(t *testing.T) {
	t.Parallel()
	h, _ := start(t, host.Config{})
	tg := target("a")
	tg.Binary.SHA256 = strings.Repeat("0", 64)
	_, err := pay(context.Background(), h, tg, "")
	if !errors.Is(err, host.ErrNotSent) || !strings.Contains(fmt.Sprint(err), "checksum") {
		t.Errorf("want a refusal for the checksum, got %v", err)
	}
	if s := h.Status(tg); s.State != host.Blocked {
		t.Errorf("state is %s, want blocked", s.State)
	}
}

func TestBinaryThatIsAnotherPluginIsRefused(t *testing.T) {
	t.Parallel()
	h, _ := start(t, host.Config{})
	tg := target("a")
	tg.Binary.Version = "2.0.0"
	if _, err := pay(context.Background(), h, tg, ""); !errors.Is(err, host.ErrNotSent) || h.Status(tg).State != host.Blocked {
		t.Errorf("a binary of another version was run: %v", err)
	}
}

func TestErrorsKeepTheirClass(t *testing.T) {
	t.Parallel()
	h, _ := start(t, host.Config{})
	tg := target("a")
	_, err := pluginv1.NewPaymentClient(h.Conn(tg)).Refund(context.Background(), &pluginv1.RefundRequest{})
	if p := sdk.ProblemOf(err); p.GetClass() != sdk.Declined || p.GetCode() != "refund.closed" {
		t.Errorf("refund: %v", err)
	}
	_, err = pluginv1.NewPaymentClient(h.Conn(tg)).Capture(context.Background(), &pluginv1.CaptureRequest{})
	if p := sdk.ProblemOf(err); p.GetClass() != sdk.Unsupported {
		t.Errorf("capture: %v", err)
	}
	_, err = pay(context.Background(), h, tg, "plain")
	if p := sdk.ProblemOf(err); p.GetClass() != sdk.UnknownOutcome {
		t.Errorf("an error that says nothing must be an unknown outcome: %v", err)
	}
	_, err = pay(context.Background(), h, tg, "huge")
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("an answer of 8 MiB: %v", err)
	}
	bad := target("b")
	bad.Load = func(context.Context) (host.Settings, error) {
		return host.Settings{Config: map[string]any{"refuse": true}}, nil
	}
	_, err = pay(context.Background(), h, bad, "")
	if p := sdk.ProblemOf(err); !errors.Is(err, host.ErrNotSent) || p.GetField() != "refuse" {
		t.Errorf("bad configuration: %v", err)
	}
	test, err := h.Test(context.Background(), bad, host.Settings{Config: map[string]any{"refuse": true}})
	if err != nil || test.GetOk() || test.GetProblems()[0].GetField() != "refuse" {
		t.Errorf("test of a bad configuration: %v %v", test, err)
	}
}

func TestPanicHarmsOnlyItsCall(t *testing.T) {
	t.Parallel()
	h, _ := start(t, host.Config{})
	before := mustPay(t, h, target("a"), "")["pid"]
	_, err := pay(context.Background(), h, target("a"), "panic")
	if p := sdk.ProblemOf(err); p.GetClass() != sdk.Bug {
		t.Errorf("panic: %v", err)
	}
	if after := mustPay(t, h, target("a"), "")["pid"]; after != before {
		t.Error("the process did not survive a panic in a handler")
	}
}

func TestLogFloodIsHeldBackAndMasked(t *testing.T) {
	t.Parallel()
	h, logs := start(t, host.Config{})
	mustPay(t, h, target("a"), "flood")
	mustPay(t, h, target("a"), "")
	text := logs.String()
	if n := strings.Count(text, "line "); n == 0 || n > 2000 {
		t.Errorf("%d of 20000 lines were logged", n)
	}
	if strings.Contains(text, "secret-of-a") {
		t.Error("a secret is in the log")
	}
}
