// Command sandboxpay is both sides of a payment: the plugin through which Allhours takes payments ("sandboxpay", started by the
// host), and the provider it talks to ("sandboxpay provider"). The two share nothing but HTTP.
package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"allhours/plugins/official/sandboxpay/provider"
	"allhours/plugins/sdk"
)

const version = "1.0.0"

//go:embed plugin.json
var manifest []byte

//go:embed config.schema.json
var configSchema []byte

func main() {
	command := ""
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	var err error
	switch command {
	case "":
		sdk.Serve(sdk.Plugin[*account]{ID: "allhours/sandboxpay", Version: version, Manifest: manifest, New: newAccount})
	case "provider":
		err = serveProvider(os.Args[2:])
	case "manifest":
		err = printManifest(os.Stdout)
	default:
		err = fmt.Errorf("unknown command %q: want provider or manifest", command)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sandboxpay:", err)
		os.Exit(1)
	}
}

func serveProvider(args []string) error {
	flags := flag.NewFlagSet("sandboxpay provider", flag.ContinueOnError)
	var cfg provider.Config
	listen := flags.String("listen", "127.0.0.1:0", "address to listen on")
	flags.StringVar(&cfg.Dir, "data", ".data/sandboxpay", "folder of the journal")
	flags.StringVar(&cfg.PublicURL, "public-url", "", "address at which payers reach the pages; default: the one listened on")
	flags.StringVar(&cfg.AdminToken, "admin-token", os.Getenv("SANDBOXPAY_ADMIN_TOKEN"), "bearer token of /admin; default $SANDBOXPAY_ADMIN_TOKEN; empty: no admin interface")
	flags.DurationVar(&cfg.RetryBase, "retry-base", time.Second, "wait before the second attempt of a notification")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	lis, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	if cfg.PublicURL == "" {
		cfg.PublicURL = "http://" + lis.Addr().String()
	}
	p, err := provider.Open(cfg)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: p.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_ = srv.Shutdown(grace)
	}()
	slog.Info("sandboxpay provider ready", "url", cfg.PublicURL, "data", cfg.Dir)
	fmt.Println("ready", "http://"+lis.Addr().String()) // for whoever started it with port 0
	if err := srv.Serve(lis); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return p.Close()
}

// printManifest writes plugin.json completed with the configuration schema and the checksum of this very binary, as it is installed
// beside it.
func printManifest(w io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	file, err := os.Open(self)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	if err != nil {
		return err
	}
	var m map[string]any
	if err := json.Unmarshal(manifest, &m); err != nil {
		return err
	}
	own := sha256.Sum256(manifest)
	m["manifest_sha256"] = hex.EncodeToString(own[:])
	m["config_schema"] = json.RawMessage(configSchema)
	m["files"] = []map[string]any{{
		"path": "plugin", "size": size, "sha256": hex.EncodeToString(sum.Sum(nil)), "mode": "0755", "os": runtime.GOOS, "arch": runtime.GOARCH,
	}}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(m)
}
