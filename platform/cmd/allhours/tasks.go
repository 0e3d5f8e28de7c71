package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"allhours/platform/app"
)

// withApp makes the platform from the environment, without starting any part of it.
func withApp(ctx context.Context, do func(a *app.App) error) error {
	c, err := app.ReadConfig()
	if err != nil {
		return err
	}
	c.Gateway.Listen = "127.0.0.1:0" // not listened on
	a, err := app.New(ctx, c)
	if err != nil {
		return err
	}
	defer a.Close()
	return do(a)
}

func importFile(ctx context.Context, args []string) error {
	if len(args) < 2 || (args[0] != "products" && args[0] != "online-retail") {
		return errors.New("say: import products FILE --tenant SLUG, or import online-retail FILE --tenant SLUG")
	}
	kind, path := args[0], args[1]
	flags := flag.NewFlagSet("import", flag.ContinueOnError)
	slug := flags.String("tenant", "", "slug of the shop")
	dryRun := flags.Bool("dry-run", false, "products only: say what would be refused, change nothing")
	if err := flags.Parse(args[2:]); err != nil {
		return exitCode(2)
	}
	if *slug == "" {
		return errors.New("--tenant is missing")
	}
	open := func() (io.ReadCloser, error) { return os.Open(path) }
	return withApp(ctx, func(a *app.App) error {
		tenant, err := a.Tenant(ctx, *slug)
		if err != nil {
			return err
		}
		var report any
		if kind == "products" {
			file, err := open()
			if err != nil {
				return err
			}
			defer file.Close()
			report, err = a.ImportProducts(ctx, tenant, file, *dryRun)
			if err != nil {
				return err
			}
		} else if report, err = a.ImportOnlineRetail(ctx, tenant, open); err != nil {
			return err
		}
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(report)
	})
}

func auditLog(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] != "verify" {
		return errors.New("say verify")
	}
	flags := flag.NewFlagSet("audit verify", flag.ContinueOnError)
	slug := flags.String("tenant", "", "slug of the shop")
	anchor := flags.String("anchor", "", "head that an earlier verification printed")
	if err := flags.Parse(args[1:]); err != nil {
		return exitCode(2)
	}
	if *slug == "" {
		return errors.New("--tenant is missing")
	}
	return withApp(ctx, func(a *app.App) error {
		tenant, err := a.Tenant(ctx, *slug)
		if err != nil {
			return err
		}
		report, err := a.VerifyAudit(ctx, tenant, *anchor)
		if err != nil {
			return err
		}
		for _, f := range report.Findings {
			fmt.Printf("%-10s entry %s at %d: %s\n", f.Kind, f.EntryID, f.Seq, f.Detail)
		}
		fmt.Printf("%d entries\nhead %s\n", report.Entries, report.Head)
		if !report.OK {
			fmt.Println("The log has been tampered with.")
			return exitCode(1)
		}
		fmt.Println("The log is whole. Keep the head elsewhere and give it as --anchor later: a log cut short is then found.")
		return nil
	})
}

func operator(ctx context.Context, args []string) error {
	if len(args) != 3 || args[0] != "create" {
		return errors.New("say: operator create EMAIL NAME, and give the password on the standard input")
	}
	fmt.Fprint(os.Stderr, "password: ")
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil && line == "" {
		return fmt.Errorf("read password: %w", err)
	}
	return withApp(ctx, func(a *app.App) error {
		made, err := a.CreateOperator(ctx, args[1], args[2], strings.TrimRight(line, "\r\n"))
		if err != nil {
			return err
		}
		fmt.Printf("operator %s\nput this into an authenticator app; it is not shown again:\n%s\n%s\n", made.Email, made.TOTP.Secret, made.TOTP.URI)
		return nil
	})
}
