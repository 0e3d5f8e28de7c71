// Bench measures Allhours on this machine beside the limit of its database.
//
// It starts a private PostgreSQL with default durability and a Redis, fills them with shops, builds and starts the real server, and lets pgbench (the minimal SQL of an
// order in one pipelined round trip: the limit) and the load generator take turns for several rounds. It prints ratios with their spread: absolute figures are the machine's. The ratio
// "by cpu" compares processor time per order, all programs together: it holds on a machine that is busy with other things too.
//
//	go run ./bench                 everything
//	go run ./bench -only place     one scenario
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type options struct {
	rounds  int
	seconds time.Duration
	conns   []int
	tenants int
	only    string
	worker  bool
	binary  string
}

func main() {
	var o options
	var conns string
	flag.IntVar(&o.rounds, "rounds", 3, "how often each scenario has its turn")
	flag.DurationVar(&o.seconds, "time", 4*time.Second, "how long a turn is")
	flag.StringVar(&conns, "conns", "1,16,64", "numbers of connections")
	flag.IntVar(&o.tenants, "tenants", 1000, "shops of the scenario with many")
	flag.StringVar(&o.only, "only", "", "only the scenarios whose names begin with this")
	flag.BoolVar(&o.worker, "work", false, "run a worker beside the server")
	flag.StringVar(&o.binary, "binary", "", "the server to measure; built from ./platform/cmd/allhours where it is left out")
	flag.Parse()
	for _, c := range strings.Split(conns, ",") {
		n, err := strconv.Atoi(c)
		if err != nil || n < 1 {
			fmt.Fprintln(os.Stderr, "-conns: numbers separated by commas")
			os.Exit(2)
		}
		o.conns = append(o.conns, n)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		slog.Error("bench", "err", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	r, err := newRig(ctx, o)
	if err != nil {
		return err
	}
	defer r.stop()
	fmt.Printf("%d processors, %s, PostgreSQL with default durability; %d rounds of %v, interleaved; median (least to most)\n\n", runtime.NumCPU(), runtime.Version(), o.rounds, o.seconds)
	fmt.Printf("%-34s %5s  %20s  %18s  %6s  %8s %8s  %10s %10s %7s %7s\n", "scenario", "conns", "a second", "of the limit", "by cpu", "p50", "p99", "server us", "postgres us", "stmts", "trips")
	for _, s := range r.scenarios() {
		if o.only != "" && !strings.HasPrefix(s.name, o.only) {
			continue
		}
		for _, c := range o.conns {
			if err := r.measure(ctx, s, c); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	rss, peak := r.server.memory()
	fmt.Printf("\nserver memory: %d MB now, %d MB at the most\n", rss>>20, peak>>20)
	findings, err := r.check(ctx)
	if err != nil {
		return err
	}
	for _, f := range findings {
		fmt.Println("WRONG:", f)
	}
	if len(findings) > 0 {
		return fmt.Errorf("%d invariants are broken", len(findings))
	}
	fmt.Println("invariants hold")
	return nil
}

// measure lets the limit and the scenario take turns and prints what they came to.
func (r *rig) measure(ctx context.Context, s scenario, conns int) error {
	var rates, ratios, costs, p50, p99, server, postgres, stmts, trips []float64
	if err := s.warmUp(ctx, conns); err != nil {
		return err
	}
	for range r.rounds {
		var limit limited
		if s.limit != "" {
			n, err := r.pgbench(ctx, s.limit, conns)
			if err != nil {
				return err
			}
			limit = n
		}
		before, err := r.usage()
		if err != nil {
			return err
		}
		result := s.run(ctx, conns)
		after, err := r.usage()
		if err != nil {
			return err
		}
		if result.Done == 0 || result.Failed > result.Done/100 {
			return fmt.Errorf("%d done, %d failed: %w", result.Done, result.Failed, result.First)
		}
		n := float64(result.Done)
		rates = append(rates, result.Rate())
		if limit.rate > 0 {
			ratios = append(ratios, result.Rate()/limit.rate)
			own := after.server - before.server + after.postgres - before.postgres + after.client - before.client
			costs = append(costs, float64(limit.cost)*n/float64(own))
		}
		p50, p99 = append(p50, result.P50.Seconds()*1000), append(p99, result.P99.Seconds()*1000)
		server, postgres = append(server, (after.server-before.server).Seconds()*1e6/n), append(postgres, (after.postgres-before.postgres).Seconds()*1e6/n)
		stmts, trips = append(stmts, (after.statements-before.statements)/n), append(trips, (after.trips-before.trips)/n)
	}
	ratio, cost := "", ""
	if len(ratios) > 0 {
		ratio, cost = spread(ratios, "%.2f"), fmt.Sprintf("%.2f", median(costs))
	}
	fmt.Printf("%-34s %5d  %20s  %18s  %6s  %6.1fms %6.1fms  %10.0f %10.0f %7.2f %7.2f\n", s.name, conns, spread(rates, "%.0f"), ratio, cost, median(p50), median(p99), median(server), median(postgres), median(stmts), median(trips))
	return nil
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

func spread(v []float64, format string) string {
	return fmt.Sprintf(format+" ("+format+"-"+format+")", median(v), slices.Min(v), slices.Max(v))
}
