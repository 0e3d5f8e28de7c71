package orders

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Contact is who orders and where it goes: what a cart gathers before it can be completed.
type Contact struct {
	Email           string     `json:"email,omitempty" maxLength:"254"`
	Phone           string     `json:"phone,omitempty" maxLength:"40"`
	Name            string     `json:"name,omitempty" maxLength:"200"`
	FulfilmentType  string     `json:"fulfilment_type,omitempty"`
	LocationID      *uuid.UUID `json:"location_id,omitempty"`
	ShippingAddress *Address   `json:"shipping_address,omitempty"`
	Note            string     `json:"note,omitempty" maxLength:"2000"`
}

// check blames what keeps the contact from being ordered for. person is the prefix of the fields about the person.
func (c Contact) check(blame blamer, person string) {
	c.checkShape(blame, person)
	switch c.FulfilmentType {
	case "ship":
		if c.ShippingAddress == nil {
			blame("shipping_address", "is needed to ship the order")
		} else {
			c.ShippingAddress.check(blame, "shipping_address.")
		}
	case "pickup":
		if c.LocationID == nil {
			blame("location_id", "choose where to pick the order up")
		}
	case "digital":
		if c.Email == "" {
			blame(person+"email", "is needed to deliver by e-mail")
		}
	default:
		blame("fulfilment_type", `must be "ship", "pickup" or "digital"`)
	}
}

// checkShape blames what is malformed and lets pass what is missing.
func (c Contact) checkShape(blame blamer, person string) {
	if c.Email != "" && !isEmail(c.Email) {
		blame(person+"email", "is not an e-mail address")
	}
	checkText(blame, person+"name", c.Name, 200)
	checkText(blame, "note", c.Note, 2000)
	if c.Phone != "" && !phoneShape.MatchString(c.Phone) {
		blame(person+"phone", "must be a phone number such as +44 20 7946 0000")
	}
}

func (a Address) check(blame blamer, at string) {
	texts := map[string]string{"name": a.Name, "company": a.Company, "city": a.City, "region": a.Region}
	for field, text := range texts {
		checkText(blame, at+field, text, 200)
	}
	if a.Name == "" {
		blame(at+"name", "is needed")
	}
	if len(a.Lines) == 0 || strings.TrimSpace(a.Lines[0]) == "" || len(a.Lines) > 4 {
		blame(at+"lines", "must be 1 to 4 lines: street and number")
	}
	for _, l := range a.Lines {
		checkText(blame, at+"lines", l, 200)
	}
	if a.City == "" {
		blame(at+"city", "is needed")
	}
	checkText(blame, at+"postal_code", a.PostalCode, 20)
	if len(a.Country) != 2 || strings.ToUpper(a.Country) != a.Country {
		blame(at+"country", "must be a code of two capital letters such as GB")
	}
	if a.Phone != "" && !phoneShape.MatchString(a.Phone) {
		blame(at+"phone", "must be a phone number such as +44 20 7946 0000")
	}
}

var phoneShape = regexp.MustCompile(`^\+?[0-9][0-9 ()./-]{3,38}$`)

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254 && strings.Contains(s[strings.LastIndexByte(s, '@')+1:], ".")
}

// blamer notes what is wrong with a field, as fault.Error.Field.
type blamer func(field, format string, args ...any)

// checkText blames text that is too long or has characters that have no place in it.
func checkText(blame blamer, field, text string, most int) {
	if utf8.RuneCountInString(text) > most {
		blame(field, "is too long")
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }) {
		blame(field, "has characters that are not text")
	}
}
