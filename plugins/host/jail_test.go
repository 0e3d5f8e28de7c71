//go:build linux

package host_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"allhours/plugins/host"
	"allhours/plugins/sdk/pluginv1"
)

// walls says why the kernel, or a container around us, forbids what a jail is built of. It asks the kernel without the host's code, so that a broken jail fails and is not skipped.
func walls() error {
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("namespaces: %w", err)
	}
	if _, _, no := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION); no != 0 {
		return fmt.Errorf("landlock: %w", no)
	}
	return nil
}

// jailed starts a host that jails its plugins, or skips where the kernel or a container around us forbids it.
func jailed(t *testing.T, cfg host.Config) (*host.Host, *syncBuffer) {
	t.Helper()
	dir := t.TempDir()
	os.Chmod(filepath.Dir(dir), 0o711)
	os.Chmod(dir, 0o711)
	if err := walls(); err != nil {
		t.Skip("this machine's kernel forbids a jail: ", err)
	}
	probe, err := host.New(host.Config{RunDir: dir, MinTier: host.Jail})
	if err != nil {
		t.Fatal(err)
	}
	probe.Close()
	return start(t, cfg)
}

func commit(t *testing.T, h *host.Host, tg host.Target, crime string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := pluginv1.NewPaymentClient(h.Conn(tg)).Authorize(ctx, &pluginv1.AuthorizeRequest{MethodCode: "crime", ReturnUrl: crime})
	return r.GetProviderData()["crime"], err
}

// None of what a plugin may try outside its jail succeeds.
func TestCrimesAreDenied(t *testing.T) {
	t.Parallel()
	h, _ := jailed(t, host.Config{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dir, err := os.MkdirTemp("", "ah")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	os.Chmod(dir, 0o777)
	socket := filepath.Join(dir, "s")
	open, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	os.Chmod(socket, 0o777)
	abstract, err := net.Listen("unix", "@allhours-"+strconv.Itoa(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer abstract.Close()
	secret := filepath.Join(dir, "secret")
	os.WriteFile(secret, []byte("x"), 0o644)

	other := target("other")
	other.Live = true // a process of its own
	neighbour := mustPay(t, h, other, "")["pid"]
	tcp := listener.Addr().String()
	for _, crime := range []string{
		"read /etc/passwd", "read /proc/1/environ", "read /proc/self/status", "read " + secret, "list /", "list /proc", "list " + dir, "read ../../../../../.." + secret,
		"write /x", "write /etc/x", "write /dev/x", "write /egress", "write " + filepath.Join(dir, "x"),
		"dial tcp " + tcp, "mptcp " + tcp, "dial tcp 169.254.169.254:80", "dial udp 8.8.8.8:53", "dial udp 127.0.0.1:53", "dial unix " + socket, "dial unix " + abstract.Addr().String(),
		"kill " + strconv.Itoa(os.Getpid()), "kill " + neighbour, "ptrace " + strconv.Itoa(os.Getpid()), "ptrace " + neighbour,
		"exec /bin/sh", "exec /plugin", "mount", "namespace", "chroot",
	} {
		if got, err := commit(t, h, target("a"), crime); err != nil || got == "<nil>" {
			t.Errorf("%s: %q, %v", crime, got, err)
		}
	}
}

// What a plugin may take is bounded: of the disk by the size of its /tmp, of memory and threads by limits that end it, and it alone.
func TestGreedIsBounded(t *testing.T) {
	t.Parallel()
	h, _ := jailed(t, host.Config{})
	got, err := commit(t, h, target("a"), "fill")
	if n, _ := strconv.Atoi(got); err != nil || n == 0 || n > 16<<20 {
		t.Errorf("wrote %q bytes to /tmp, want some and at most 16 MiB: %v", got, err)
	}
	other := target("other")
	other.Live = true
	before := mustPay(t, h, other, "")["pid"]
	for _, crime := range []string{"memory", "threads"} {
		if got, err := commit(t, h, target("a"), crime); err == nil {
			t.Errorf("%s: it lived: %s", crime, got)
		}
		mustPay(t, h, target("a"), "") // another process serves
	}
	if after := mustPay(t, h, other, "")["pid"]; after != before {
		t.Error("another plugin's process died with it")
	}
}

// The network ends at the host's proxy: to the hosts that an installation declares, at public addresses, and nowhere else.
func TestEgress(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }))
	defer secure.Close()
	var redirect string
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, redirect, http.StatusFound)
		}
	}))
	defer plain.Close()
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	redirect = elsewhere.URL
	at := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	declared := []string{at(plain), at(secure), "localhost:80", "10.1.2.3:443", "[::ffff:10.0.0.1]:443", "169.254.169.254:80", "*.invalid:443"}
	going := func(h *host.Host, name string, egress []string) host.Target {
		tg := target(name)
		tg.Load = func(context.Context) (host.Settings, error) {
			return host.Settings{Secrets: map[string]string{"token": "t-" + name}, Egress: egress}, nil
		}
		mustPay(t, h, tg, "")
		return tg
	}
	for _, most := range []host.Tier{host.Basic, host.Jail} {
		h, logs := start(t, host.Config{MaxTier: most, Private: host.Loopback})
		tg := going(h, "a", declared)
		if got, err := commit(t, h, tg, "get "+plain.URL); err != nil || got != "<nil>" {
			t.Errorf("%s: a declared host: %s, %v", most, got, err)
		}
		if got, err := commit(t, h, tg, "get "+secure.URL); err != nil || !strings.Contains(got, "certificate") { // the tunnel stands; it is the test's certificate that nobody knows
			t.Errorf("%s: a declared host by TLS: %s, %v", most, got, err)
		}
		for to, why := range map[string]string{
			elsewhere.URL: "not among the hosts", plain.URL + "/away": "not among the hosts", "http://169.254.169.254/latest": "not on the public network",
			"https://10.1.2.3/": "not on the public network", "https://[::ffff:10.0.0.1]/": "not on the public network", "https://a.b.invalid/": "not among the hosts",
		} {
			got, err := commit(t, h, tg, "get "+to)
			if err != nil || !strings.Contains(got, why) || !strings.Contains(logs.String(), why) {
				t.Errorf("%s: %s: %q, %v; want %q", most, to, got, err, why)
			}
		}
		if err := h.Drop(t.Context(), tg); err != nil {
			t.Error(err)
		}
		b := going(h, "b", nil)
		if got, err := commit(t, h, b, "get "+plain.URL); err != nil || !strings.Contains(got, "not among the hosts") {
			t.Errorf("%s: what another installation had declared: %s, %v", most, got, err)
		}
		public, _ := start(t, host.Config{MaxTier: most})
		if got, err := commit(t, public, going(public, "a", declared), "get "+plain.URL); err != nil || !strings.Contains(got, "not on the public network") {
			t.Errorf("%s: the host's own machine: %s, %v", most, got, err)
		}
	}
}

// A host of a plain user jails its plugins as well, in user namespaces.
func TestJailOfAPlainUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("we are a plain user: the other tests are this one")
	}
	dir, err := os.MkdirTemp("", "ahuser")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	os.Chmod(dir, 0o777)
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "tests")
	if err := os.WriteFile(program, self, 0o755); err != nil {
		t.Fatal(err)
	}
	os.Chmod(filepath.Dir(binary.Path), 0o755)
	cmd := exec.Command(program, "-test.run=^(TestCrimesAreDenied|TestGreedIsBounded|TestEgress|TestConfinementAsLogged|TestPluginsDieWithTheHost|TestKilledInACallComesBack)$", "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOST_TEST_BINARY="+binary.Path, "TMPDIR="+dir, "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65533, Gid: 65533}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if strings.Contains(string(out), "--- SKIP: TestCrimesAreDenied") {
		t.Skip("this machine's kernel forbids user namespaces to plain users: ", string(out))
	}
	if n := strings.Count(string(out), "--- PASS"); n != 6 {
		t.Errorf("%d of 6 tests passed:\n%s", n, out)
	}
}

// A dynamically linked plugin is refused with what to do about it.
func TestDynamicBinaryIsRefused(t *testing.T) {
	t.Parallel()
	h, _ := jailed(t, host.Config{})
	tg := target("a")
	tg.Binary = record("/bin/sh")
	if _, err := pay(t.Context(), h, tg, ""); err == nil || !strings.Contains(err.Error(), "CGO_ENABLED=0") || h.Status(tg).State != host.Blocked {
		t.Errorf("%s: %v", h.Status(tg).State, err)
	}
}

func ExampleTier() {
	fmt.Println(host.Dev < host.Basic, host.Basic < host.Jail)
	// Output: true true
}
