package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"net/url"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
)

// MailConfig is where mail goes out. SMTPURL is smtp://user:password@host:port, or smtps:// for implicit TLS; ?tls=none allows a server without TLS, as
// the catcher of `allhours dev` is.
type MailConfig struct {
	SMTPURL string `env:"ALLHOURS_SMTP_URL"`
	From    string `env:"ALLHOURS_MAIL_FROM" envDefault:"Allhours <no-reply@localhost>"`
}

// Mailer hands messages to one SMTP server, a connection each.
type Mailer struct {
	host    string
	port    int // 0: what the scheme says
	options []mail.Option
	from    string
}

const smtpDeadline = 20 * time.Second

// NewMailer reads the configuration. Without an SMTPURL every delivery fails with a clear reason and is tried again later, so that nothing is lost.
func NewMailer(c MailConfig) (*Mailer, error) {
	m := &Mailer{from: c.From}
	if c.SMTPURL == "" {
		return m, nil
	}
	u, err := url.Parse(c.SMTPURL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, errors.New("ALLHOURS_SMTP_URL: write smtp://user:password@host:port or smtps://user:password@host:port")
	}
	m.host = u.Hostname()
	m.options = []mail.Option{mail.WithTimeout(smtpDeadline), mail.WithTLSPolicy(mail.TLSMandatory)}
	switch {
	case u.Scheme == "smtps":
		m.options = append(m.options, mail.WithSSL())
	case u.Query().Get("tls") == "none":
		m.options = append(m.options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if u.Port() != "" {
		port, err := strconv.Atoi(u.Port())
		if err != nil {
			return nil, fmt.Errorf("ALLHOURS_SMTP_URL: port: %w", err)
		}
		m.port = port
		m.options = append(m.options, mail.WithPort(port))
	}
	if u.User != nil {
		password, _ := u.User.Password()
		m.options = append(m.options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	return m, nil
}

// Addr is the host and port of the server, "" where none is configured.
func (m *Mailer) Addr() string {
	if m.host == "" {
		return ""
	}
	if m.port == 0 {
		return net.JoinHostPort(m.host, "587")
	}
	return net.JoinHostPort(m.host, strconv.Itoa(m.port))
}

// errRefused is a refusal that no further attempt will change.
type errRefused struct{ error }

// send hands the message over and returns what the server answered. A permanent refusal (5xx, a bad address) is an errRefused.
func (m *Mailer) send(ctx context.Context, id, to, subject string, body rendered) error {
	if m.host == "" {
		return errors.New("no mail server is configured: set ALLHOURS_SMTP_URL")
	}
	msg := mail.NewMsg()
	if err := msg.From(m.from); err != nil {
		return fmt.Errorf("ALLHOURS_MAIL_FROM: %w", err)
	}
	if err := msg.To(to); err != nil {
		return errRefused{fmt.Errorf("recipient: %w", err)}
	}
	msg.Subject(subject)
	msg.SetMessageIDWithValue(id + "@allhours")
	msg.SetDate()
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, body.Text)
	msg.AddAlternativeString(mail.TypeTextHTML, body.HTML)
	client, err := mail.NewClient(m.host, m.options...)
	if err != nil {
		return fmt.Errorf("mail client: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, smtpDeadline)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, msg)
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code >= 500 {
		return errRefused{err}
	}
	var sending *mail.SendError
	if errors.As(err, &sending) && !sending.IsTemp() && sending.ErrorCode() >= 500 {
		return errRefused{err}
	}
	return err
}
