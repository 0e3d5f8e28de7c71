package tenants

import (
	"context"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
)

// Settings are what a tenant decides for itself. What is not set has its default.
type Settings struct {
	CORSOrigins []string `json:"cors_origins" nullable:"false" maxItems:"20" doc:"Origins whose pages may call the API, as https://www.example.com."`
	Branding    Branding `json:"branding"`
	Order       Ordering `json:"order"`
	Contact     Contact  `json:"contact"`
}

// Branding is how the shop looks.
type Branding struct {
	LogoMediaID *uuid.UUID `json:"logo_media_id,omitempty"`
	Color       string     `json:"color,omitempty" doc:"As #1a7f5a."`
}

// Ordering is how orders are handled.
type Ordering struct {
	UnpaidExpiryMinutes int `json:"unpaid_expiry_minutes" minimum:"5" maximum:"43200" doc:"An unpaid order is given up, and its stock freed, after so long."`
	ShipWithinHours     int `json:"ship_within_hours" minimum:"1" maximum:"720" doc:"How soon a paid order is promised to leave."`

	ConfirmOrders        bool              `json:"confirm_orders" required:"false" default:"false" doc:"Orders to be paid by hand wait until the shop confirms them; those that its staff takes do not."`
	HandPayments         []string          `json:"hand_payments" required:"false" nullable:"false" maxItems:"2" enum:"on_delivery,manual" default:"on_delivery" doc:"Which payments without a plugin shoppers may choose: on_delivery (also at pick-up), manual (a bank transfer). on_delivery where it is left out."`
	TransferInstructions map[string]string `json:"transfer_instructions" required:"false" doc:"How to pay by transfer, by language; needed for manual."`
	ShippingPrice        int64             `json:"shipping_price" required:"false" minimum:"0" maximum:"1000000000000" default:"0" doc:"Added to orders that are shipped: minor units of the shop's currency, taxed as the class standard. 0 is free."`
	ShippingFreeFrom     int64             `json:"shipping_free_from" required:"false" minimum:"0" maximum:"1000000000000" default:"0" doc:"Goods of so much, in minor units, are delivered for nothing. 0: the price always applies."`
}

// The payments that need no plugin.
const (
	OnDelivery = "on_delivery" // at the door or the counter
	Transfer   = "manual"      // by bank, as the shop's instructions say
)

// Contact is how customers reach the shop.
type Contact struct {
	Email   string `json:"email,omitempty" maxLength:"200"`
	Phone   string `json:"phone,omitempty" maxLength:"50"`
	Address string `json:"address,omitempty" maxLength:"500"`
}

func (s Settings) filled() Settings {
	if s.CORSOrigins == nil {
		s.CORSOrigins = []string{}
	}
	if s.Order.UnpaidExpiryMinutes == 0 {
		s.Order.UnpaidExpiryMinutes = 30
	}
	if s.Order.ShipWithinHours == 0 {
		s.Order.ShipWithinHours = 48
	}
	s.Order.fillLists()
	return s
}

// fillLists puts in the place of lists that nobody has given what is usual; an empty list is kept.
func (o *Ordering) fillLists() {
	if o.HandPayments == nil {
		o.HandPayments = []string{OnDelivery}
	}
	if o.TransferInstructions == nil {
		o.TransferInstructions = map[string]string{}
	}
}

func (s stored) languages(first string) []string {
	if slices.Contains(s.Languages, first) {
		return s.Languages
	}
	return append([]string{first}, s.Languages...)
}

// Change is a change of settings; nil members stay as they are.
type Change struct {
	Name        *string   `json:"name,omitempty"`
	Currency    *string   `json:"currency,omitempty" doc:"Until the first order."`
	TimeZone    *string   `json:"time_zone,omitempty"`
	Language    *string   `json:"language,omitempty"`
	Languages   *[]string `json:"languages,omitempty"`
	CORSOrigins *[]string `json:"cors_origins,omitempty"`
	Branding    *Branding `json:"branding,omitempty"`
	Order       *Ordering `json:"order,omitempty"`
	Contact     *Contact  `json:"contact,omitempty"`
	Version     int64     `json:"version,omitempty" doc:"The version that was read; 409 if it is not the present one. 0 changes it whatever it is."`
}

func set[T any](dst *T, v *T) {
	if v != nil {
		*dst = *v
	}
}

// Update changes the scope's tenant and returns it.
func (t *Tenants) Update(ctx context.Context, sc db.Scope, c Change) (after Tenant, err error) {
	return t.change(ctx, sc, "tenant.updated", func(tx *db.Tx, n *Tenant) error {
		if c.Version != 0 && c.Version != n.Version {
			return fault.New(fault.Conflict, "version_conflict", "Someone else has changed the settings meanwhile. Look at them again and repeat your change.").With("current", n.Version)
		}
		if c.Currency != nil && *c.Currency != n.Currency && t.hasOrders != nil {
			if had, err := t.hasOrders(tx); err != nil {
				return fmt.Errorf("look for orders: %w", err)
			} else if had {
				return fault.New(fault.Conflict, "tenant.currency_fixed", "The currency cannot change after the first order.").Field("currency", "fixed by the first order")
			}
		}
		set(&n.Name, c.Name)
		set(&n.Currency, c.Currency)
		set(&n.TimeZone, c.TimeZone)
		set(&n.Language, c.Language)
		set(&n.Languages, c.Languages)
		set(&n.Settings.CORSOrigins, c.CORSOrigins)
		set(&n.Settings.Branding, c.Branding)
		set(&n.Settings.Order, c.Order)
		set(&n.Settings.Contact, c.Contact)
		if !slices.Contains(n.Languages, n.Language) {
			n.Languages = append([]string{n.Language}, n.Languages...)
		}
		n.Settings.Order.fillLists()
		if err := n.check(); err != nil {
			return err
		}
		return t.checkLogo(tx, n)
	})
}

// checkLogo refuses a logo that is no picture of the shop.
func (t *Tenants) checkLogo(tx *db.Tx, n *Tenant) error {
	id := n.Settings.Branding.LogoMediaID
	if id == nil || t.hasPicture == nil {
		return nil
	}
	if has, err := t.hasPicture(tx, *id); err != nil {
		return fmt.Errorf("look for the logo: %w", err)
	} else if !has {
		return errInvalid.Field("branding.logo_media_id", "is no picture of this shop; upload it first")
	}
	return nil
}

var errInvalid = fault.New(fault.Invalid, "invalid", "Some of the values are not right. See the fields.")

var colorForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// check says what is wrong with the tenant, field by field, and brings it to its usual form.
func (t *Tenant) check() error {
	e := errInvalid
	t.Name = strings.TrimSpace(t.Name)
	if n := len([]rune(t.Name)); n < 1 || n > 100 {
		e = e.Field("name", "1 to 100 characters")
	}
	e = checkLocale(e, t)
	s := &t.Settings
	for i, o := range s.CORSOrigins {
		u, err := url.Parse(o)
		if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || (u.Scheme != "https" && u.Hostname() != "localhost") {
			e = e.Field(fmt.Sprintf("cors_origins[%d]", i), "an origin with https and without a path, as https://www.example.com")
		}
	}
	if len(s.CORSOrigins) > 20 {
		e = e.Field("cors_origins", "20 at most")
	}
	if s.Branding.Color != "" && !colorForm.MatchString(s.Branding.Color) {
		e = e.Field("branding.color", "six hexadecimal digits, as #1a7f5a")
	}
	e = s.Order.check(e)
	if s.Contact.Email != "" && !isEmail(s.Contact.Email) {
		e = e.Field("contact.email", "an e-mail address, as shop@example.com")
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

func (o *Ordering) check(e *fault.Error) *fault.Error {
	if m := o.UnpaidExpiryMinutes; m < 5 || m > 43200 {
		e = e.Field("order.unpaid_expiry_minutes", "5 to 43200")
	}
	if h := o.ShipWithinHours; h < 1 || h > 720 {
		e = e.Field("order.ship_within_hours", "1 to 720")
	}
	for i, m := range o.HandPayments {
		if m != OnDelivery && m != Transfer || slices.Contains(o.HandPayments[:i], m) {
			e = e.Field(fmt.Sprintf("order.hand_payments[%d]", i), "on_delivery or manual, each once")
		}
	}
	said := map[string]string{}
	for l, text := range o.TransferInstructions {
		text = strings.TrimSpace(text)
		switch {
		case !isLanguage(l):
			e = e.Field("order.transfer_instructions", "by language, as en or zh")
		case len([]rune(text)) > 2000:
			e = e.Field("order.transfer_instructions."+l, "2000 characters at most")
		case text != "":
			said[l] = text
		}
	}
	o.TransferInstructions = said
	if len(said) == 0 && slices.Contains(o.HandPayments, Transfer) {
		e = e.Field("order.transfer_instructions", "say how to pay by transfer: the account and what to write on it")
	}
	for field, amount := range map[string]int64{"shipping_price": o.ShippingPrice, "shipping_free_from": o.ShippingFreeFrom} {
		if amount < 0 || amount > mostShipping {
			e = e.Field("order."+field, "0 to 1000000000000")
		}
	}
	return e
}

// mostShipping bounds the price of delivery, so that sums stay far from the limits of int64.
const mostShipping = 1_000_000_000_000

func checkLocale(e *fault.Error, t *Tenant) *fault.Error {
	if unit, err := currency.ParseISO(t.Currency); err != nil || unit.String() != t.Currency {
		e = e.Field("currency", "a currency of ISO 4217 in capitals, as EUR")
	}
	if r, err := language.ParseRegion(t.Country); err != nil || !r.IsCountry() || r.String() != t.Country {
		e = e.Field("country", "a country of ISO 3166 in two capitals, as GB")
	}
	if !isTimeZone(t.TimeZone) {
		e = e.Field("time_zone", "a time zone of the IANA list, as Europe/London")
	}
	if !isLanguage(t.Language) {
		e = e.Field("language", "a language, as en or zh")
	}
	if len(t.Languages) > 20 {
		e = e.Field("languages", "20 at most")
	}
	for i, l := range t.Languages {
		if !isLanguage(l) || slices.Contains(t.Languages[:i], l) {
			e = e.Field(fmt.Sprintf("languages[%d]", i), "a language, as en or zh, that is not in the list yet")
		}
	}
	return e
}

func isLanguage(s string) bool {
	tag, err := language.Parse(s)
	return err == nil && s != "und" && tag.String() == s
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 200 && strings.Contains(s[strings.LastIndex(s, "@"):], ".")
}
