package main

import (
	"context"
	"fmt"
	"time"

	"allhours/platform/app"
)

// doctor prints a line for each check of the deployment and fails if one of them did.
func doctor(ctx context.Context, _ []string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	failed := 0
	for f := range app.Examine(ctx) {
		mark := map[app.Verdict]string{app.Good: "ok  ", app.Doubtful: "warn", app.Bad: "FAIL"}[f.Verdict]
		fmt.Printf("%s  %s: %s\n", mark, f.What, f.Found)
		if f.Mend != "" {
			fmt.Printf("      -> %s\n", f.Mend)
		}
		if f.Verdict == app.Bad {
			failed++
		}
	}
	if failed > 0 {
		fmt.Printf("\n%d to mend.\n", failed)
		return exitCode(1)
	}
	fmt.Println("\nThis deployment is in order.")
	return nil
}
