package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"allhours/migrations"
	"allhours/platform/app"
	"allhours/platform/base/db"
	"allhours/platform/base/devstack"
	"allhours/platform/base/secrets"
	"allhours/plugins/host"
	"allhours/tenants/demo"
)

// dev runs everything in this process, with private servers in the data folder unless the environment names others.
func dev(ctx context.Context, args []string) (err error) {
	began := time.Now()
	flags := flag.NewFlagSet("dev", flag.ContinueOnError)
	withDemo := flags.Bool("demo", false, "fill the database with three demo shops")
	data := flags.String("data", ".data", "folder of everything that is kept")
	listen := flags.String("listen", "", "address to listen on; default 127.0.0.1:8080, or a free port where that is taken")
	if err := flags.Parse(args); err != nil {
		return exitCode(2)
	}
	var stack devStack
	defer func() { err = errors.Join(err, stack.stop()) }()
	c, err := stack.start(ctx, *data, *listen)
	if err != nil {
		return err
	}
	applied, err := db.Migrate(ctx, c.Database.Owner(), migrations.FS)
	if err != nil {
		return err
	}
	a, err := app.New(ctx, c)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Start(ctx, app.Everything); err != nil {
		return err
	}
	var logins []demo.Login
	if *withDemo {
		if logins, err = a.SeedDemo(ctx, demo.Provider{URL: stack.providerURL, AdminToken: stack.providerToken}, os.Stderr); err != nil {
			return errors.Join(fmt.Errorf("demo data: %w", err), a.Stop())
		}
	}
	stack.table(a, len(applied), logins, time.Since(began))
	if err := stack.describe(a, filepath.Join(*data, "dev.json")); err != nil {
		return errors.Join(err, a.Stop())
	}
	select {
	case <-ctx.Done():
		fmt.Println("\nstopping …")
	case err = <-a.Failed():
	}
	return errors.Join(err, a.Stop())
}

// devStack is what `dev` starts beside the product.
type devStack struct {
	mail                       *devstack.Mail
	providerURL, providerToken string

	redisNote string
	closers   []func() error // run in reverse
}

func (s *devStack) start(ctx context.Context, data, listen string) (app.Config, error) {
	for name, value := range map[string]string{
		"ALLHOURS_LOG_FORMAT": "text", "ALLHOURS_LOG_LEVEL": "WARN", "ALLHOURS_LISTEN_INTERNAL": "127.0.0.1:0", "ALLHOURS_ACCESS_LOG": "errors",
	} {
		if os.Getenv(name) == "" {
			_ = os.Setenv(name, value)
		}
	}
	c, err := app.ReadConfig()
	if err != nil {
		return c, err
	}
	if data, err = filepath.Abs(data); err != nil {
		return c, err
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		return c, fmt.Errorf("data folder: %w", err)
	}
	if c.Gateway.Listen, err = freeListen(listen, "127.0.0.1:8080"); err != nil {
		return c, err
	}
	if err := s.servers(ctx, &c, data); err != nil {
		return c, err
	}
	if c.Secrets.Key == "" && c.Secrets.KeyFile == "" {
		c.Secrets.KeyFile = filepath.Join(data, "key")
		if _, err := os.Stat(c.Secrets.KeyFile); errors.Is(err, os.ErrNotExist) {
			if err := secrets.MakeFile(c.Secrets.KeyFile); err != nil {
				return c, err
			}
		}
	}
	if c.Blob.Dir == "" && c.Blob.Bucket == "" {
		c.Blob.Dir = filepath.Join(data, "blobs")
	}
	if c.Mail.SMTPURL == "" {
		web, err := freeListen("", "127.0.0.1:8025")
		if err != nil {
			return c, err
		}
		if s.mail, err = devstack.StartMail(web); err != nil {
			return c, err
		}
		s.closers = append(s.closers, func() error { s.mail.Stop(); return nil })
		c.Mail.SMTPURL = s.mail.SMTPURL
	}
	if os.Getenv("ALLHOURS_PLUGINS_DIR") == "" {
		self, err := os.Executable()
		if err != nil {
			return c, err
		}
		c.Plugins.Dir = filepath.Join(filepath.Dir(self), "plugins")
	}
	_, port, err := net.SplitHostPort(c.Gateway.Listen)
	if err != nil {
		return c, err
	}
	if c.Gateway.PublicURL == "" {
		c.Gateway.PublicURL = "http://localhost:" + port
		c.Plugins.PublicURL = c.Gateway.PublicURL
	}
	c.Plugins.Private = append(c.Plugins.Private, host.Loopback...) // the demo's provider is there
	return c, s.provider(ctx, filepath.Join(c.Plugins.Dir, "sandboxpay", "plugin"), filepath.Join(data, "sandboxpay"))
}

func (s *devStack) servers(ctx context.Context, c *app.Config, data string) error {
	if c.Database.URL == "" {
		pg, err := devstack.StartPostgres(ctx, devstack.PostgresOptions{Dir: filepath.Join(data, "postgres")})
		if err != nil {
			return err
		}
		s.closers = append(s.closers, pg.Stop)
		c.Database.URL = pg.URL
	}
	if c.Jobs.RedisURL == "" {
		r, err := devstack.StartRedis(ctx, devstack.RedisOptions{Dir: filepath.Join(data, "redis")})
		if err != nil {
			return err
		}
		s.closers = append(s.closers, r.Stop)
		c.Jobs.RedisURL = r.URL
		if r.InProcess {
			s.redisNote = "Redis is not installed: an in-process stand-in is used. It forgets everything at the end; never use it in production."
		}
	}
	return nil
}

// provider starts the sandbox payment provider, which plays a payment company with its own pages and its own memory.
func (s *devStack) provider(ctx context.Context, binary, data string) error {
	listen, err := freeListen("", "127.0.0.1:8090")
	if err != nil {
		return err
	}
	s.providerToken = rand.Text()
	cmd := exec.Command(binary, "provider", "--listen", listen, "--data", data)
	cmd.Env = append(os.Environ(), "SANDBOXPAY_ADMIN_TOKEN="+s.providerToken)
	cmd.SysProcAttr = dieWithParent()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	ready := make(chan error, 1)
	go func() { ready <- startAndRead(cmd, out, &s.providerURL) }()
	select {
	case err = <-ready:
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-time.After(10 * time.Second):
		err = errors.New("does not answer")
	}
	if err != nil {
		return fmt.Errorf("payment provider (%s; `make build` makes it): %w", binary, err)
	}
	s.closers = append(s.closers, func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		timer := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		_ = cmd.Wait()
		return nil
	})
	return nil
}

// freeListen gives the address asked for, or the usual one, or a free port where the usual one is taken.
func freeListen(asked, usual string) (string, error) {
	choices := []string{usual, "127.0.0.1:0"}
	switch {
	case strings.HasSuffix(asked, ":0"):
		choices = []string{asked}
	case asked != "":
		return asked, nil
	}
	for _, addr := range choices {
		l, err := net.Listen("tcp", addr)
		if err == nil {
			defer l.Close()
			return l.Addr().String(), nil
		}
	}
	return "", errors.New("no free port on 127.0.0.1")
}

func (s *devStack) stop() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	return errors.Join(errs...)
}

// describe writes where everything is, for scripts: the file appears when all is ready.
func (s *devStack) describe(a *app.App, file string) error {
	about := map[string]string{"addr": a.Addr(), "provider": s.providerURL, "provider_token": s.providerToken, "password": demo.Password}
	if s.mail != nil {
		about["mail"] = s.mail.WebURL
	}
	b, err := json.Marshal(about)
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}

func (s *devStack) table(a *app.App, applied int, logins []demo.Login, took time.Duration) {
	_, port, _ := net.SplitHostPort(a.Addr())
	row := func(what, where string) { fmt.Printf("  %-22s %s\n", what, where) }
	fmt.Printf("\nAllhours is ready (%.1f s", took.Seconds())
	if applied > 0 {
		fmt.Printf(", %d migrations applied", applied)
	}
	fmt.Print(")\n\n")
	seen := map[string]bool{}
	for _, l := range logins {
		if !seen[l.Slug] {
			seen[l.Slug] = true
			row("Shop: "+l.Shop, "http://"+l.Slug+".localhost:"+port+"/")
		}
	}
	row("Console", "http://localhost:"+port+"/admin/")
	row("Start a business", "http://localhost:"+port+"/admin/signup")
	row("API reference", "http://localhost:"+port+"/api/docs")
	if s.mail != nil {
		row("Mail catcher", s.mail.WebURL)
	}
	row("Payment provider", s.providerURL)
	if len(logins) > 0 {
		fmt.Printf("\n  Logins (password %q):\n", demo.Password)
		for _, l := range logins {
			fmt.Printf("  %-14s %-28s %s\n", l.Slug, l.Email, strings.Join(l.Roles, ", "))
		}
	}
	if s.redisNote != "" {
		fmt.Println("\n  " + s.redisNote)
	}
	fmt.Println("\nCtrl-C stops everything; the data stay.")
	slog.Info("ready", "addr", a.Addr())
}
