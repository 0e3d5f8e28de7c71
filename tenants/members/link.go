package members

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/platform/base/outbox"
	"allhours/tenants"
)

// Kinds of links in mails, and how long each is good for.
const (
	Invitation        = "invitation"
	PasswordReset     = "password_reset"
	EmailConfirmation = "email_confirmation"

	invitationLife = 7 * 24 * time.Hour
	resetLife      = time.Hour
	confirmLife    = 3 * 24 * time.Hour
)

var errLink = fault.New(fault.Invalid, "link.invalid", "This link is not valid any more. Ask for a new one.").Field("token", "used, replaced or expired")

// Token makes the token of a link in a mail. It is signed and names a row; the row says whether it still counts, so that it works once and can be taken back.
func (m *Members) Token(kind string, tenant, id uuid.UUID, expires time.Time) string {
	return m.signer.Sign("member."+kind, expires, tenant.String(), id.String())
}

// Link is the path of the console's page that takes the token.
func (m *Members) Link(kind string, tenant, id uuid.UUID, expires time.Time) string {
	page := map[string]string{Invitation: "invite", PasswordReset: "reset", EmailConfirmation: "confirm"}[kind]
	return "/admin/" + page + "?token=" + m.Token(kind, tenant, id, expires)
}

func (m *Members) read(kind, token string) (tenant, id uuid.UUID, err error) {
	parts, err := m.signer.Verify("member."+kind, token)
	if err != nil || len(parts) != 2 {
		return tenant, id, errLink.Wrap(err)
	}
	tenant, err1 := uuid.Parse(parts[0])
	id, err2 := uuid.Parse(parts[1])
	if err1 != nil || err2 != nil {
		return tenant, id, errLink
	}
	return tenant, id, nil
}

// sendLink writes a one-time token down, takes back the earlier ones of its kind, and has it mailed.
func (m *Members) sendLink(tx *db.Tx, t tenants.Tenant, kind string, id uuid.UUID, r memberRow, life time.Duration) error {
	expires := tx.Now.Add(life).Truncate(time.Second)
	if err := retireTokens(tx, kind, r.ID); err != nil {
		return fmt.Errorf("send link: %w", err)
	}
	if err := insertToken(tx, id, kind, r.ID, r.Email, expires); err != nil {
		return fmt.Errorf("send link: %w", err)
	}
	event := EventPasswordResetRequested
	if kind == EmailConfirmation {
		event = EventEmailConfirmationRequested
	}
	return outbox.Append(tx, event, r.ID.String(), LinkV1{Kind: kind, ID: id, Email: r.Email, Name: r.Name, Language: r.Language, Shop: t.Name, Slug: t.Slug, ExpiresAt: expires})
}
