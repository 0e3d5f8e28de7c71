package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// TestDatabaseEnv names the environment variable with the superuser URL of the
// PostgreSQL cluster that tests share.
const TestDatabaseEnv = "ALLHOURS_TEST_DATABASE_URL"

// Around runs a command while a disposable PostgreSQL cluster serves it (its URL
// is in ALLHOURS_TEST_DATABASE_URL) and returns the command's exit code. One
// cluster then serves a whole `go test ./...` in place of one per package.
func Around(ctx context.Context, command []string) (exit int, err error) {
	if len(command) == 0 {
		return 2, errors.New("servers: no command given; use: allhours servers -- COMMAND ARGUMENTS")
	}
	dir, err := os.MkdirTemp("/tmp", "allhours-servers-")
	if err != nil {
		return 1, fmt.Errorf("servers: %w", err)
	}
	defer os.RemoveAll(dir)
	pg, err := StartPostgres(ctx, PostgresOptions{Dir: dir, Disposable: true, MaxConnections: 400})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, pg.Stop()) }()

	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), TestDatabaseEnv+"="+pg.URL)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// A Ctrl-C at the terminal reaches the command by itself; we outlive it to
	// stop the cluster after it.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 127, fmt.Errorf("servers: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGTERM {
				_ = cmd.Process.Signal(s)
			}
		case err := <-ended:
			var failed *exec.ExitError
			if err != nil && !errors.As(err, &failed) {
				return 1, fmt.Errorf("servers: %w", err)
			}
			if code := cmd.ProcessState.ExitCode(); code >= 0 {
				return code, nil
			}
			return 1, fmt.Errorf("servers: %s was ended by a signal: %s", command[0], cmd.ProcessState)
		}
	}
}
