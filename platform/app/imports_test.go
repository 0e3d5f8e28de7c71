package app

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// floors is the law of imports: a package may import what stands on lower floors, and on its own floor only what its line allows.
// "services" and "tenants" are ordered: each may import those named before it.
var (
	base     = []string{"fault", "money", "db", "outbox", "secrets", "blob", "telemetry", "devstack"}
	people   = []string{"tenants/audit", "tenants", "tenants/access", "tenants/members"}
	services = []string{"catalog", "inventory", "customers", "orders", "payments", "shipping", "notify", "alerts", "insights", "support", "marketing"}
)

// allowed says whether package from may import package to; both without the module's name.
func allowed(from, to string) bool {
	if strings.HasPrefix(from, to+"/") && strings.HasSuffix(from, "test") { // gatewaytest stands on gateway
		return true
	}
	if p, _, inside := cutPackage(to); inside && within(from, p) { // a package may import its own sub-packages
		return true
	}
	f, t := floor(from), floor(to)
	switch {
	case from == "platform/cmd/allhours", strings.HasPrefix(from, "bench"), strings.HasPrefix(from, ".ci"):
		return true
	case f == "app":
		return to != "platform/cmd/allhours"
	case to == "platform/app" || to == "jobs" || strings.HasPrefix(to, "platform/cmd"):
		return false // nothing imports what stands at the top
	case f == "jobs", f == "gateway":
		return t == "base" || t == "tenants" || to == "migrations"
	case f == "demo":
		return t != "app" && t != "jobs"
	case f == "service":
		if t == "service" {
			return order(services, to, "platform/") < order(services, from, "platform/") || within(from, top(to))
		}
		return t == "base" || t == "tenants" || strings.HasPrefix(to, "plugins/sdk") || to == "plugins" || to == "plugins/host" || to == "migrations"
	case f == "tenants":
		return t == "base" || t == "tenants" && order(people, to, "") < order(people, from, "")
	case f == "sdk":
		return t == "sdk"
	case f == "official":
		return t == "sdk" || t == "official" || t == "host" // host: only in their tests
	case f == "host":
		return t == "base" || t == "tenants" || t == "sdk" || t == "host"
	case f == "base":
		return t == "base" && order(base, to, "platform/base/") < order(base, from, "platform/base/") || strings.HasSuffix(from, "/dbtest") && (t == "base" || to == "migrations")
	case f == "leaf":
		return false
	}
	return false
}

func cutPackage(to string) (parent, child string, ok bool) {
	i := strings.LastIndex(to, "/")
	if i < 0 {
		return "", "", false
	}
	return to[:i], to[i+1:], true
}

func within(pkg, parent string) bool {
	return parent != "platform" && parent != "platform/base" && parent != "plugins" && parent != "tenants" && (pkg == parent || strings.HasPrefix(pkg, parent+"/"))
}

func top(pkg string) string {
	parts := strings.SplitN(pkg, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

func order(list []string, pkg, prefix string) int {
	pkg = strings.TrimPrefix(pkg, prefix)
	best := -1
	for i, name := range list {
		if pkg == name || strings.HasPrefix(pkg, name+"/") && name != "tenants" {
			best = i
		}
	}
	return best
}

func floor(pkg string) string {
	for _, f := range []struct{ prefix, floor string }{
		{"platform/app", "app"},
		{"platform/cmd", "cmd"},
		{"platform/gateway", "gateway"},
		{"jobs", "jobs"},
		{"platform/base", "base"},
		{"plugins/sdk", "sdk"},
		{"plugins/official", "official"},
		{"plugins/conformance", "official"},
		{"plugins/host", "host"},
		{"plugins", "host"},
		{"tenants/demo", "demo"},
		{"tenants", "tenants"},
		{"migrations", "leaf"},
		{"admin-ui", "leaf"},
		{"storefront", "leaf"},
		{"platform/", "service"},
	} {
		if pkg == f.prefix || strings.HasPrefix(pkg, strings.TrimSuffix(f.prefix, "/")+"/") {
			return f.floor
		}
	}
	return "unknown"
}

// TestImportLaw reads what every package imports, tests included. It is the law of architecture.md, section 2, and its documentation.
func TestImportLaw(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		from := strings.TrimPrefix(p.ImportPath, "allhours/")
		if floor(from) == "unknown" && !strings.HasPrefix(from, "bench") {
			t.Errorf("%s: not a place for a package", from)
		}
		for _, i := range p.Imports {
			to, ours := strings.CutPrefix(i, "allhours/")
			if ours {
				seen++
				if !allowed(from, to) {
					t.Errorf("%s imports %s: not allowed", from, to)
				}
			}
			if i == "github.com/gofiber/fiber/v2" && !slices.Contains([]string{"gateway", "app"}, floor(from)) {
				t.Errorf("%s imports Fiber: only the gateway may", from)
			}
		}
	}
	if seen == 0 {
		t.Error("no import was seen: the test looks at nothing")
	}
}

func TestImportLawRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"plugins/host", "platform/orders"},
		{"platform/orders", "platform/payments"},
		{"platform/catalog", "platform/inventory"},
		{"tenants", "platform/catalog"},
		{"platform/base/fault", "platform/base/db"},
		{"platform/orders", "jobs"},
		{"plugins/sdk", "platform/base/fault"},
		{"platform/gateway", "platform/orders"},
		{"tenants/access", "tenants/members"},
		{"platform/alerts", "platform/app"},
	} {
		if allowed(c[0], c[1]) {
			t.Errorf("%s may import %s", c[0], c[1])
		}
	}
}
