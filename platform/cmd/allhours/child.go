package main

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
)

// startAndRead starts the command and reads "ready URL" from its first line. It keeps its thread until the command ends: the kernel counts the
// starting thread as the parent.
func startAndRead(cmd *exec.Cmd, out io.Reader, url *string) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		started <- cmd.Start()
		if cmd.Process != nil {
			select {} // the thread lives as long as this process
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			*url = found
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return nil
		}
	}
	return fmt.Errorf("it ended: %w", cmd.Wait())
}
