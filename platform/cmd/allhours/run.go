package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"allhours/migrations"
	"allhours/platform/app"
	"allhours/platform/base/db"
	"allhours/platform/base/devstack"
	"allhours/platform/base/secrets"
)

func serve(ctx context.Context, _ []string) error { return runParts(ctx, app.Serving) }

func work(ctx context.Context, _ []string) error { return runParts(ctx, app.Working) }

// runParts runs until a signal, then drains.
func runParts(ctx context.Context, parts app.Parts) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(80) // a tenth less memory, for a little of the processor
	}
	c, err := app.ReadConfig()
	if err != nil {
		return err
	}
	a, err := app.New(ctx, c)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Start(ctx, parts); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case err = <-a.Failed():
	}
	return errors.Join(err, a.Stop())
}

func migrate(ctx context.Context, _ []string) error {
	c, err := app.ReadConfig()
	if err != nil {
		return err
	}
	if c.Database.Owner() == "" {
		return errors.New("set ALLHOURS_OWNER_DATABASE_URL (or ALLHOURS_DATABASE_URL) to a login that owns the database")
	}
	applied, err := db.Migrate(ctx, c.Database.Owner(), migrations.FS)
	if err != nil {
		return err
	}
	fmt.Printf("%d migrations applied\n", len(applied))
	return nil
}

func servers(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	code, err := devstack.Around(context.WithoutCancel(ctx), args)
	if err != nil {
		return err
	}
	if code != 0 {
		return exitCode(code)
	}
	return nil
}

func secretKeys(_ context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say generate or rotate")
	}
	file := os.Getenv("ALLHOURS_KEY_FILE")
	switch args[0] {
	case "generate":
		if file != "" {
			if err := secrets.MakeFile(file); err != nil {
				return err
			}
			fmt.Println("wrote", file, "- keep a copy of it where the database's backups are not: without it nothing sealed can be read")
			return nil
		}
		text, err := secrets.Generate()
		if err != nil {
			return err
		}
		fmt.Println(text)
		return nil
	case "rotate":
		if file == "" {
			return errors.New("set ALLHOURS_KEY_FILE to the file that holds the key")
		}
		if err := secrets.RotateFile(file); err != nil {
			return err
		}
		fmt.Println("a new key seals from now on; what the old one sealed stays readable. Restart every process.")
		return nil
	}
	return fmt.Errorf("%q: say generate or rotate", args[0])
}

func openAPI(context.Context, []string) error {
	b, err := app.OpenAPI()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(b)
	return err
}
