package access

import (
	"context"
	"net/http"
	"time"
)

// Cookies, by the name they have over plain http; Client.CookieName gives the one they have for a client.
const (
	StaffCookie    = "ah_staff"
	CustomerCookie = "ah_shop"
	OperatorCookie = "ah_operator"
	CartCookie     = "ah_cart"
	DeviceCookie   = "ah_device"
)

// Client is the program at the other end of a request, as far as the gateway can tell: proxies it does not trust are not believed.
type Client struct {
	IP        string
	UserAgent string
	Host      string // host and port as the client sees them
	Secure    bool   // it came by https
	Cart      string // the value of its cart cookie
	Device    string // the value of its device cookie
}

// BaseURL is where the client reaches us, without a slash at the end.
func (c Client) BaseURL() string {
	if c.Secure {
		return "https://" + c.Host
	}
	return "http://" + c.Host
}

// CookieName gives the name of one of our cookies: with the prefix that binds it to the very host over https, plain over http, where browsers refuse the prefix.
func (c Client) CookieName(name string) string {
	if c.Secure {
		return "__Host-" + name
	}
	return name
}

// Cookie makes one of our cookies for the client: HttpOnly, SameSite=Lax, for this host only. A maxAge of 0 lasts as long as the browser; a negative one deletes it.
func (c Client) Cookie(name, value string, maxAge time.Duration) http.Cookie {
	seconds := int(maxAge / time.Second)
	if maxAge < 0 {
		seconds = -1
	}
	return http.Cookie{Name: c.CookieName(name), Value: value, Path: "/", MaxAge: seconds, Secure: c.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

type clientKey struct{}

// WithClient puts the client on the context; the gateway does so for each request.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// ClientOf gives the client of the context, the zero Client where there is none.
func ClientOf(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}
