package gateway

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// Tenant is what the gateway needs to know of one.
type Tenant struct {
	ID      uuid.UUID
	Slug    string
	Name    string
	Plan    string
	Status  string
	Origins []string // whose pages may call the API
	rev     string   // changes with every write to the row
}

func (t Tenant) allows(origin string) bool { return slices.Contains(t.Origins, origin) }

var (
	errUnknownHost     = fault.New(fault.NotFound, "tenant.unknown_host", "No shop lives at this address. Check the spelling of the address.")
	errTenantRequired  = fault.New(fault.Invalid, "tenant.required", "Which shop? Use the shop's own address (its name before our domain), or send an API key.")
	errTenantSuspended = fault.New(fault.Forbidden, "tenant.suspended", "This shop is suspended. Its owner can write to our support.")
	errTenantClosed    = fault.New(fault.NotFound, "tenant.closed", "This shop has closed.")
)

// bare reports whether the host is the platform's own and names no shop: the base domain itself, or an address.
func (g *Gateway) bare(host string) bool {
	if host == g.config.BaseDomain || host == "" {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// tenantAt finds the tenant that the request's host names: slug.<base domain>, or a verified domain of its own.
func (g *Gateway) tenantAt(ctx context.Context, in *call) (Tenant, error) {
	if label, ok := strings.CutSuffix(in.host, "."+g.config.BaseDomain); ok {
		if strings.Contains(label, ".") {
			return Tenant{}, errUnknownHost.With("host", in.host)
		}
		t, err := g.directory.bySlug(ctx, label)
		return t, withHost(err, in.host)
	}
	t, err := g.directory.byHost(ctx, in.host)
	return t, withHost(err, in.host)
}

func withHost(err error, host string) error {
	if fault.CodeOf(err) == errUnknownHost.Code {
		return errUnknownHost.With("host", host)
	}
	return err
}

const (
	directorySize   = 20_000                 // names kept; the least lately used go first
	directoryFresh  = 400 * time.Millisecond // between looks for what has changed
	directoryAbsent = 900 * time.Millisecond // that a name is unknown is believed so long
	directoryIdle   = 10 * time.Minute       // a name nobody asks for is forgotten
)

// directory remembers which tenant a name leads to. One query each 400 ms asks whether any of the remembered rows has been written to since, so that
// a change is seen within a second by every process, at a cost that does not grow with the traffic. While the database is away, what is known stays.
type directory struct {
	db     *db.DB
	flight singleflight.Group
	slots  chan struct{} // look-ups of unknown names at a time

	mu    sync.Mutex
	names map[string]*entry // "s:slug", "h:host", "i:id"
}

type entry struct {
	tenant Tenant
	known  bool
	at     time.Time // looked up
	used   time.Time
}

func newDirectory(d *db.DB) *directory {
	return &directory{db: d, slots: make(chan struct{}, 4), names: map[string]*entry{}}
}

func (d *directory) bySlug(ctx context.Context, slug string) (Tenant, error) {
	return d.get(ctx, "s:"+slug)
}

func (d *directory) byHost(ctx context.Context, host string) (Tenant, error) {
	return d.get(ctx, "h:"+host)
}

func (d *directory) byID(ctx context.Context, id uuid.UUID) (Tenant, error) {
	return d.get(ctx, "i:"+id.String())
}

func (d *directory) get(ctx context.Context, name string) (Tenant, error) {
	now := time.Now()
	d.mu.Lock()
	if e := d.names[name]; e != nil && (e.known || now.Sub(e.at) < directoryAbsent) {
		e.used = now
		t, known := e.tenant, e.known
		d.mu.Unlock()
		if !known {
			return Tenant{}, errUnknownHost
		}
		return t, nil
	}
	d.mu.Unlock()
	v, err, _ := d.flight.Do(name, func() (any, error) { return d.fetch(ctx, name) })
	if err != nil {
		return Tenant{}, err
	}
	if t := v.(*Tenant); t != nil {
		return *t, nil
	}
	return Tenant{}, errUnknownHost
}

// fetch asks the database. It does not use the caller's deadline, for others wait for the same answer.
func (d *directory) fetch(ctx context.Context, name string) (*Tenant, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-ctx.Done():
		return nil, errDirectory.Wrap(ctx.Err())
	}
	t, err := d.find(ctx, name)
	if err != nil {
		return nil, errDirectory.Wrap(err)
	}
	now := time.Now()
	e := &entry{at: now, used: now, known: t != nil}
	if t != nil {
		e.tenant = *t
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.names[name] = e
	if len(d.names) > directorySize {
		d.shrink()
	}
	return t, nil
}

var errDirectory = fault.New(fault.Unavailable, "tenant.directory_unavailable", "The shop cannot be looked up just now. Try again in a moment.").After(time.Second)

// shrink drops the older half, by use.
func (d *directory) shrink() {
	ages := make([]time.Time, 0, len(d.names))
	for _, e := range d.names {
		ages = append(ages, e.used)
	}
	slices.SortFunc(ages, time.Time.Compare)
	middle := ages[len(ages)/2]
	for name, e := range d.names {
		if e.used.Before(middle) || (len(d.names) > directorySize && e.used.Equal(middle)) {
			delete(d.names, name)
		}
	}
}

// watch keeps what is remembered true until ctx ends.
func (d *directory) watch(ctx context.Context) {
	tick := time.NewTicker(directoryFresh)
	defer tick.Stop()
	blind := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := d.refresh(ctx)
		if err != nil && !blind && ctx.Err() == nil {
			slog.WarnContext(ctx, "directory of tenants: cannot look for changes; what is known stays", "err", err)
		}
		blind = err != nil
	}
}

// refresh forgets the names whose rows are no longer as they were.
func (d *directory) refresh(ctx context.Context) error {
	began := time.Now()
	var ids []uuid.UUID
	var hosts []string
	seen := map[uuid.UUID]bool{}
	d.mu.Lock()
	for name, e := range d.names {
		if began.Sub(e.used) > directoryIdle || (!e.known && began.Sub(e.at) > directoryAbsent) {
			delete(d.names, name)
			continue
		}
		if e.known && !seen[e.tenant.ID] {
			seen[e.tenant.ID] = true
			ids = append(ids, e.tenant.ID)
		}
		if host, ok := strings.CutPrefix(name, "h:"); ok && e.known {
			hosts = append(hosts, host)
		}
	}
	d.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	revs, owners, err := d.current(ctx, ids, hosts)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, e := range d.names {
		if !e.known || e.at.After(began) {
			continue
		}
		host, own := strings.CutPrefix(name, "h:")
		if revs[e.tenant.ID] != e.tenant.rev || (own && owners[host] != e.tenant.ID) {
			delete(d.names, name)
		}
	}
	return nil
}
