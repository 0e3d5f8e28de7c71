package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// commit tries a crime and says how far it got: an error is a denial.
func (n *naughty) commit(crime string) error {
	verb, object, _ := strings.Cut(crime, " ")
	switch verb {
	case "read":
		raw, err := os.ReadFile(object)
		return done(len(raw), "bytes read", err)
	case "list":
		names, err := os.ReadDir(object)
		return done(len(names), "names seen", err)
	case "write":
		return os.WriteFile(object, []byte("x"), 0o644)
	case "dial": // tcp 127.0.0.1:5432, udp, unix
		network, address, _ := strings.Cut(object, " ")
		c, err := net.DialTimeout(network, address, 2*time.Second)
		if err != nil {
			return err
		}
		_, err = c.Write([]byte("x"))
		return done(1, "connection", err)
	case "mptcp":
		s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)
		if err != nil {
			return err
		}
		host, port, _ := net.SplitHostPort(object)
		to := &unix.SockaddrInet4{}
		to.Port, _ = strconv.Atoi(port)
		copy(to.Addr[:], net.ParseIP(host).To4())
		return unix.Connect(s, to)
	case "kill":
		pid, _ := strconv.Atoi(object)
		return unix.Kill(pid, 0)
	case "ptrace":
		pid, _ := strconv.Atoi(object)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		return unix.PtraceAttach(pid)
	case "exec":
		return exec.Command(object).Run()
	case "mount":
		return unix.Mount("tmpfs", "/tmp", "tmpfs", 0, "")
	case "namespace":
		return unix.Unshare(unix.CLONE_NEWUSER)
	case "become":
		return errors.Join(unix.Setuid(0), errors.New("not root")).(interface{ Unwrap() []error }).Unwrap()[0]
	case "chroot": // the classic way out
		return errors.Join(os.Mkdir("/tmp/x", 0o755), unix.Chroot("/tmp/x"))
	case "fill": // /tmp, and say how much it took
		total := 0
		for i := range 1000 {
			f, err := os.Create(fmt.Sprintf("/tmp/fill%d", i))
			if err != nil {
				break
			}
			n, err := f.Write(make([]byte, 1<<20))
			f.Close()
			if total += n; err != nil {
				break
			}
		}
		for i := range 1000 {
			os.Remove(fmt.Sprintf("/tmp/fill%d", i))
		}
		return fmt.Errorf("%d", total)
	case "memory":
		var hoard [][]byte
		for range 4096 {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			hoard = append(hoard, b)
		}
		runtime.KeepAlive(hoard)
		return nil
	case "threads":
		stop := make(chan struct{})
		defer close(stop)
		var there sync.WaitGroup
		for range 1000 {
			there.Add(1)
			go func() {
				runtime.LockOSThread()
				there.Done()
				<-stop
			}()
		}
		there.Wait()
		return nil
	case "get":
		resp, err := n.HTTP.Get(object)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		if resp.StatusCode >= 300 {
			return fmt.Errorf("%d %s", resp.StatusCode, body)
		}
		return nil
	}
	return errors.New("what is " + verb + "?")
}

func done(n int, what string, err error) error {
	if err == nil && n == 0 {
		return errors.New("nothing there")
	}
	if err == nil {
		fmt.Fprintln(os.Stderr, n, what)
	}
	return err
}
