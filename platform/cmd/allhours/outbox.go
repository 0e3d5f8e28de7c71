package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"allhours/platform/app"
	"allhours/platform/base/outbox"
)

// outboxDead lists what was given up, a page at a time, or has it tried again.
func outboxDead(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] != "dead" && args[0] != "revive" {
		return errors.New("say: outbox dead, or outbox revive")
	}
	flags := flag.NewFlagSet("outbox "+args[0], flag.ContinueOnError)
	slug := flags.String("tenant", "", "slug of the shop; all shops where it is left out")
	subscriber := flags.String("subscriber", "", "only what this subscriber has not handled, as notify")
	after, limit := new(string), new(int)
	if args[0] == "dead" {
		after = flags.String("after", "", "where the page before ended")
		limit = flags.Int("limit", 50, "lines of a page")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return exitCode(2)
	}
	if args[0] == "dead" && *limit < 1 {
		return errors.New("--limit: at least 1")
	}
	return withApp(ctx, func(a *app.App) error {
		f := outbox.DeadFilter{Subscriber: *subscriber, Events: flags.Args()}
		if *slug != "" {
			var err error
			if f.Tenant, err = a.Tenant(ctx, *slug); err != nil {
				return err
			}
		}
		if args[0] == "dead" {
			return listDead(ctx, a, f, *after, *limit)
		}
		n := 0
		err := a.Revive(ctx, f, func(d outbox.DeadDelivery) {
			n++
			fmt.Println(line(ctx, a, d))
		})
		fmt.Printf("%d deliveries are tried again.\n", n)
		return err
	})
}

func listDead(ctx context.Context, a *app.App, f outbox.DeadFilter, after string, limit int) error {
	list, next, err := a.DeadDeliveries(ctx, f, after, limit)
	if err != nil {
		return err
	}
	for _, d := range list {
		fmt.Printf("%s\n    %s\n", line(ctx, a, d), strings.ReplaceAll(d.Reason, "\n", "\n    "))
	}
	switch {
	case next != "":
		fmt.Printf("\nThere are more: --after %s\n", next)
	case len(list) == 0 && after == "":
		fmt.Println("No delivery was given up.")
	}
	return nil
}

// line says which delivery it is; its first word is the event's id, as `outbox revive` takes it.
func line(ctx context.Context, a *app.App, d outbox.DeadDelivery) string {
	return fmt.Sprintf("%s  %s  %s of %s for %s, shop %s, %d attempts", d.Event, d.At.UTC().Format(time.DateTime), d.Type, d.Subject, d.Subscriber, a.Slug(ctx, d.Tenant), d.Attempts)
}
