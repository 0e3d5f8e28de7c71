// Command allhours is the platform: one binary, with a command for each way to run it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // tenants have time zones also where the machine knows none

	"allhours/platform/app"
)

type command struct {
	name, args, about string
	run               func(ctx context.Context, args []string) error
}

// commands in the order in which `allhours` alone prints them.
var commands = []command{
	{"dev", "[--demo] [--data DIR] [--listen ADDR]", "run the whole product on private servers, for a first look and for development", dev},
	{"serve", "", "answer requests", serve},
	{"work", "", "run what happens later: deliveries, alerts, notifications, sweeps", work},
	{"migrate", "", "bring the database to this release", migrate},
	{"import", "products|online-retail FILE --tenant SLUG [--dry-run]", "read a file into a shop and print the report", importFile},
	{"audit", "verify --tenant SLUG [--anchor SEQ:HASH]", "prove that the audit log was not changed", auditLog},
	{"outbox", "dead|revive [--tenant SLUG] [--subscriber NAME] [EVENT ...]", "list deliveries of events that were given up, or have them tried again; EVENT is an event's id or a type as order.placed", outboxDead},
	{"operator", "create EMAIL NAME", "make an account for the platform's own staff; the password is read from the standard input", operator},
	{"secrets", "generate|rotate", "make the key that seals secrets, or a new one beside the old", secretKeys},
	{"doctor", "", "check this deployment and say how to mend what is wrong", doctor},
	{"openapi", "", "print the OpenAPI document", openAPI},
	{"servers", "-- COMMAND ...", "run a command with a disposable PostgreSQL, for tests", servers},
	{"version", "", "print the version", func(context.Context, []string) error { fmt.Println("allhours", app.Version()); return nil }},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		usage(os.Stdout)
		return 0
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, args[1:])
		var code exitCode
		switch {
		case err == nil:
			return 0
		case errors.As(err, &code):
			return int(code)
		}
		fmt.Fprintln(os.Stderr, "allhours "+c.name+":", err)
		return 1
	}
	fmt.Fprintf(os.Stderr, "allhours: there is no command %q\n\n", args[0])
	usage(os.Stderr)
	return 2
}

// exitCode ends the program with it and without a message.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func usage(w io.Writer) {
	fmt.Fprintln(w, "Allhours: shops that take orders by themselves, 24 hours a day.")
	fmt.Fprintln(w)
	for _, c := range commands {
		fmt.Fprintf(w, "  allhours %-9s %s\n", c.name, c.args)
		fmt.Fprintf(w, "      %s\n", c.about)
	}
	fmt.Fprintln(w, "\nServers and keys are set in the environment; `allhours doctor` says what is missing.")
}
