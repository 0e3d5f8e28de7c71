package tenants

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// ErrSlugTaken answers a name that leads to another shop, or did.
var ErrSlugTaken = fault.New(fault.Conflict, "slug.taken", "This address is taken. Choose another one.").Field("slug", "taken")

// reserved words would be mistaken for a part of the platform, now or later.
var reserved = strings.Fields(`about account accounts admin administrator allhours api app apps assets auth autoconfig autodiscover billing blog broadcasthost
	cdn checkout cname console contact dashboard dev developer developers dns docs download downloads email events ftp gateway git help hooks host hostmaster
	imap info internal invoice invoices ip ipv4 ipv6 legal localhost localdomain login logout mail marketplace media metrics mx my news noc ns ns1 ns2 ns3 oauth operator operators
	ops partner partners pay payment payments platform plugin plugins pop pop3 portal postmaster preview privacy prod production proxy public register registry
	root sandbox secure security server shop shops sign-in sign-up signin signup smtp ssl sso staff stage staging static status store stores storefront stores support sysadmin
	system teams tenant tenants terms test testing tls tools upload uploads usenet uucp vpn web webhook webhooks webmail webmaster wiki wpad www www1 www2 www3 you your`)

var slugForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{1,38}[a-z0-9])$`)

// checkSlug says what is wrong with an address's first part.
func checkSlug(slug string) *fault.Error {
	bad := func(code string, why fault.Text) *fault.Error {
		return fault.New(fault.Invalid, code, "This address cannot be used: %s.", why).Blame("slug", why)
	}
	switch {
	case !slugForm.MatchString(slug):
		return bad("slug.invalid", fault.T("3 to 40 small letters, digits and hyphens, with a letter or digit at both ends"))
	case strings.Contains(slug, "--"):
		return bad("slug.invalid", fault.T("no two hyphens in a row"))
	case slices.Contains(reserved, slug):
		return bad("slug.reserved", fault.T("it is reserved for the platform"))
	}
	return nil
}

// Availability says whether a slug can be had.
type Availability struct {
	Available  bool   `json:"available"`
	Reason     string `json:"reason,omitempty" doc:"Why not: slug.invalid, slug.reserved or slug.taken."`
	Message    string `json:"message,omitempty"`
	Suggestion string `json:"suggestion,omitempty" doc:"One like it that can be had."`
}

// Available tells whether the slug can be had, and suggests another if not.
func (t *Tenants) Available(ctx context.Context, slug string) (Availability, error) {
	bad := checkSlug(slug)
	base := Slugify(slug)
	tries := []string{slug, base}
	for i := 2; i <= 9; i++ {
		tries = append(tries, fmt.Sprintf("%s-%d", base, i))
	}
	var used []string
	err := t.db.InSystemTx(ctx, func(tx *db.Tx) (err error) {
		used, err = taken(tx, tries)
		return err
	})
	if err != nil {
		return Availability{}, fmt.Errorf("look slug up: %w", err)
	}
	if bad == nil && !slices.Contains(used, slug) {
		return Availability{Available: true}, nil
	}
	if bad == nil {
		bad = ErrSlugTaken
	}
	a := Availability{Reason: bad.Code, Message: bad.Message.Say(ctx)}
	for _, s := range tries[1:] {
		if checkSlug(s) == nil && !slices.Contains(used, s) {
			a.Suggestion = s
			break
		}
	}
	return a, nil
}

// Slugify makes an address out of a name: "Café Zoë" becomes "cafe-zoe". It may be too short or reserved.
func Slugify(name string) string {
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn))), strings.ToLower(name))
	if err != nil {
		plain = strings.ToLower(name)
	}
	var b strings.Builder
	for _, r := range plain {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-") && r != '\'' && r != '’':
			b.WriteByte('-')
		}
		if b.Len() >= 37 { // leaves room for a number
			break
		}
	}
	return strings.Trim(b.String(), "-")
}

func isTimeZone(name string) bool {
	if name == "" || name == "Local" {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}
