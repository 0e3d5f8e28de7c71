package tenants

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/tenants/audit"
)

// Host is a domain of the tenant's own.
type Host struct {
	Host       string     `json:"host"`
	Verified   bool       `json:"verified"`
	VerifiedAt *time.Time `json:"verified_at,omitempty"`
	Record     *DNSRecord `json:"record,omitempty" doc:"What to add to the domain to prove that it is yours."`
	CheckedAt  *time.Time `json:"checked_at,omitempty"`
}

// DNSRecord is a line for the domain's zone.
type DNSRecord struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ErrNoHost answers for a domain that the tenant has not added.
var ErrNoHost = fault.New(fault.NotFound, "host.not_found", "This domain has not been added.")

var hostForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)

// cleanHost brings a domain to the form in which browsers send it.
func (t *Tenants) cleanHost(host string) (string, error) {
	host = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(host)), ".")
	ascii, err := idna.Lookup.ToASCII(host)
	bad := fault.New(fault.Invalid, "host.invalid", "This is not a domain that a shop can have.")
	switch base := t.config.BaseDomain; {
	case err != nil || len(ascii) > 253 || !hostForm.MatchString(ascii) || net.ParseIP(ascii) != nil:
		return "", bad.Field("host", "a domain name, as shop.example.com")
	case ascii == base || strings.HasSuffix(ascii, "."+base):
		return "", bad.Field("host", "a domain of your own; %s is the platform's", base)
	}
	return ascii, nil
}

const maxHosts = 20

// AddHost notes that the scope's tenant wants to be reached at the domain and says how to prove that it is theirs.
func (t *Tenants) AddHost(ctx context.Context, sc db.Scope, host string) (h Host, err error) {
	host, err = t.cleanHost(host)
	if err != nil {
		return h, err
	}
	err = t.db.InTx(ctx, sc, func(tx *db.Tx) error {
		all, err := hostsTx(tx)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(all, func(h Host) bool { return h.Host == host }); i >= 0 {
			h = all[i]
			return nil
		}
		if len(all) >= maxHosts {
			return fault.New(fault.Conflict, "host.too_many", "A shop can have %d domains at the most.", maxHosts)
		}
		token := rand.Text()
		if err := insertClaim(tx, host, token); err != nil {
			return fmt.Errorf("add host: %w", err)
		}
		h = claimRow{Host: host, Token: token}.host()
		return audit.Append(tx, audit.Entry{Action: "host.added", ObjectType: "host", ObjectID: host})
	})
	return h, err
}

func (r claimRow) host() Host {
	return Host{Host: r.Host, CheckedAt: r.CheckedAt, Record: &DNSRecord{Type: "TXT", Name: "_allhours." + r.Host, Value: "allhours-verify=" + r.Token}}
}

// Hosts lists the scope's tenant's domains.
func (t *Tenants) Hosts(ctx context.Context, sc db.Scope) (list []Host, err error) {
	err = t.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
		list, err = hostsTx(tx)
		return err
	})
	return list, err
}

func hostsTx(tx *db.Tx) ([]Host, error) {
	list := []Host{}
	proven, err := hosts(tx)
	if err != nil {
		return nil, fmt.Errorf("list hosts: %w", err)
	}
	for _, h := range proven {
		list = append(list, Host{Host: h.Host, Verified: true, VerifiedAt: &h.VerifiedAt})
	}
	claimed, err := claims(tx)
	if err != nil {
		return nil, fmt.Errorf("list hosts: %w", err)
	}
	for _, c := range claimed {
		list = append(list, c.host())
	}
	return list, nil
}

// VerifyHost asks the DNS for the proof and, if it is there, makes the domain lead to the tenant's shop.
func (t *Tenants) VerifyHost(ctx context.Context, sc db.Scope, host string) (Host, error) {
	host, err := t.cleanHost(host)
	if err != nil {
		return Host{}, err
	}
	var c claimRow
	err = t.db.InTx(ctx, sc, func(tx *db.Tx) (err error) {
		c, err = claim(tx, host)
		if err != nil {
			return err
		}
		return markChecked(tx, host)
	})
	if err != nil {
		return Host{}, err
	}
	want := c.host().Record
	ask, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	texts, err := t.resolver.LookupTXT(ask, want.Name)
	if err != nil || !slices.Contains(texts, want.Value) {
		return Host{}, fault.New(fault.Conflict, "host.unproven", "The TXT record %s with %s is not there yet. New records can take some minutes to be seen.", want.Name, want.Value).With("record", want).With("found", append([]string{}, texts...)).Wrap(err)
	}
	err = t.db.InTx(ctx, sc, func(tx *db.Tx) error { return t.ownHost(tx, host) })
	if db.Violates(err, "hosts_pkey") {
		return Host{}, fault.New(fault.Conflict, "host.taken", "Another shop has proven this domain as its own. If it was yours before, have it removed there or write to support.").Field("host", "in use")
	}
	if err != nil {
		return Host{}, err
	}
	return Host{Host: host, Verified: true}, nil
}

func (t *Tenants) ownHost(tx *db.Tx, host string) error {
	n, err := get(tx, true)
	if err != nil {
		return err
	}
	if _, err := claim(tx, host); err != nil {
		return err // proven or removed meanwhile
	}
	if _, err := deleteHost(tx, host); err != nil {
		return fmt.Errorf("verify host: %w", err)
	}
	if err := insertHost(tx, host); err != nil {
		return fmt.Errorf("verify host: %w", err)
	}
	return t.hostChanged(tx, n, "host.verified", "tenant.host_verified", host)
}

// RemoveHost makes the domain lead nowhere.
func (t *Tenants) RemoveHost(ctx context.Context, sc db.Scope, host string) error {
	host, err := t.cleanHost(host)
	if err != nil {
		return err
	}
	return t.db.InTx(ctx, sc, func(tx *db.Tx) error {
		n, err := get(tx, true)
		if err != nil {
			return err
		}
		gone, err := deleteHost(tx, host)
		if err != nil {
			return fmt.Errorf("remove host: %w", err)
		}
		if !gone {
			return ErrNoHost
		}
		return t.hostChanged(tx, n, "host.removed", "tenant.host_removed", host)
	})
}

func (t *Tenants) hostChanged(tx *db.Tx, n Tenant, action, what, host string) error {
	if err := audit.Append(tx, audit.Entry{Action: action, ObjectType: "host", ObjectID: host}); err != nil {
		return err
	}
	if err := t.Watch.ChangedTx(tx); err != nil {
		return err
	}
	return outbox.Append(tx, EventChanged, n.ID.String(), ChangedV1{What: what, Status: n.Status, Plan: n.Plan, Version: n.Version, At: tx.Now})
}
