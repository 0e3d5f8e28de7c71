package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"allhours/platform/base/db"
	"allhours/platform/base/fault"
	"allhours/tenants/access"
)

var (
	errUnauthenticated = fault.New(fault.Unauthenticated, "auth.required", "Sign in, or send an API key as Authorization: Bearer.")
	errCustomerOnly    = fault.New(fault.Unauthenticated, "auth.required", "Sign in to your account at this shop.")
	errCredential      = fault.New(fault.Unauthenticated, "auth.invalid_credential", "The credential is unknown, expired or revoked.")
	errForbidden       = fault.New(fault.Forbidden, "permission_denied", "Your role does not allow this.")
	errKeyRequired     = fault.New(fault.Invalid, "idempotency_key_required", "Send an Idempotency-Key header: a new random value for each attempt that is meant to be a new one.")
	errKeyInvalid      = fault.New(fault.Invalid, "idempotency_key_invalid", "An Idempotency-Key has 1 to 200 visible ASCII characters.")
)

// admit takes a request through everything that stands before its handler. The order matters: what is cheap and what protects comes first; the body is
// only read from callers who have been let in. The context it returns is the handler's, also beside an error, when it serves for the log.
func (g *Gateway) admit(c *fiber.Ctx, r *Route) (context.Context, []byte, *upload, error) {
	ctx := c.UserContext()
	in := callOf(ctx)
	in.pattern = r.Path
	if r.Streams {
		in.streams = true
		ctx, in.cancel = context.WithCancel(ctx)
	} else {
		ctx, in.cancel = context.WithTimeout(ctx, r.Timeout)
	}
	refuse := func(err error) (context.Context, []byte, *upload, error) {
		in.cancel()
		return ctx, nil, nil, err
	}
	if length := c.Request().Header.ContentLength(); int64(length) > r.Body {
		swallow(c, length)
		return refuse(tooLarge(ctx, r.Body))
	}
	if err := g.host(ctx, in, r); err != nil {
		return refuse(err)
	}
	g.cors(c, in)
	if err := g.recognise(c, ctx, in, r); err != nil {
		return refuse(err)
	}
	ctx = in.context(ctx)
	c.SetUserContext(ctx)
	if err := g.attend(ctx, in, r); err != nil {
		return refuse(err)
	}
	if err := g.slow(c, ctx, in); err != nil {
		return refuse(err)
	}
	if err := g.permit(ctx, in, r); err != nil {
		return refuse(err)
	}
	if err := in.key(c, r); err != nil {
		return refuse(err)
	}
	body, up, err := readBody(ctx, c, r.Body)
	if err != nil {
		return refuse(err)
	}
	if r.Strict && r.Account != "" {
		if err := g.guard(c, ctx, in, r, body); err != nil {
			return refuse(err)
		}
	}
	return ctx, body, up, nil
}

// host finds the tenant that the host names, if it names one.
func (g *Gateway) host(ctx context.Context, in *call, r *Route) error {
	if r.Access == Operator || g.bare(in.host) {
		return nil
	}
	t, err := g.tenantAt(ctx, in)
	if err != nil {
		if r.Access == Open && fault.CodeOf(err) == errUnknownHost.Code {
			return nil
		}
		return err
	}
	in.tenant = t
	return nil
}

// recognise finds out who asks, by the credentials that the route's Access takes, and so the tenant where the host names none.
func (g *Gateway) recognise(c *fiber.Ctx, ctx context.Context, in *call, r *Route) error {
	credentials, byCookie := g.credentials(c, in, r)
	if err := g.sameSite(c, in, r, byCookie); err != nil {
		return err
	}
	if err := g.slowAddress(c, ctx, in, r, credentials); err != nil {
		return err
	}
	for _, cred := range credentials {
		id, err := g.hooks.Authenticator.Authenticate(ctx, in.tenant.ID, cred)
		if err == nil && in.tenant.ID != db.None && id.Tenant != in.tenant.ID && id.Kind != access.Operator {
			err = errCredential // another tenant's, shown at this one's host
		}
		if err == nil {
			in.identity = id
			break
		}
		if fault.KindOf(err) != fault.Unauthenticated {
			return err
		}
		if isCookie(cred.Kind) {
			continue // an old cookie is no reason to refuse what is open to anyone
		}
		if refused := g.slowFailure(c, ctx, in); refused != nil {
			return refused
		}
		return errCredential.Wrap(err)
	}
	if in.tenant.ID == db.None && in.identity.Tenant != uuid.Nil {
		t, err := g.directory.byID(ctx, in.identity.Tenant)
		if err != nil {
			return err
		}
		in.tenant = t
	}
	return nil
}

// credentials lists what the request shows, of the kinds that the route takes. byCookie tells whether a cookie is among it.
func (g *Gateway) credentials(c *fiber.Ctx, in *call, r *Route) (list []access.Credential, byCookie bool) {
	add := func(kind access.CredentialKind, secret string) {
		if secret != "" && len(secret) <= 4096 {
			list = append(list, access.Credential{Kind: kind, Secret: secret, Client: in.client})
			byCookie = byCookie || isCookie(kind)
		}
	}
	cookie := func(name string) string { return c.Cookies(in.client.CookieName(name)) }
	scheme, secret, _ := strings.Cut(c.Get(fiber.HeaderAuthorization), " ")
	staff := r.Access.staff()
	switch {
	case r.Access == Operator:
		add(access.OperatorSession, cookie(access.OperatorCookie))
	case strings.EqualFold(scheme, "Bearer") && (staff || r.Access == Public || r.Access == Shopper):
		add(access.KeySecret, secret)
	case staff || r.Access == SignedIn:
		add(access.StaffSession, cookie(access.StaffCookie))
	case r.Access == Customer:
		add(access.CustomerSession, cookie(access.CustomerCookie))
	case r.Access == Shopper:
		if strings.EqualFold(scheme, "Order") {
			add(access.OrderToken, secret)
		} else {
			add(access.OrderToken, c.Query("token"))
		}
		add(access.CustomerSession, cookie(access.CustomerCookie))
	case r.Access == Open:
		add(access.StaffSession, cookie(access.StaffCookie))
	}
	return list, byCookie
}

func isCookie(k access.CredentialKind) bool {
	return k == access.StaffSession || k == access.CustomerSession || k == access.OperatorSession
}

// attend refuses tenants that are not open, and requests that have none.
func (g *Gateway) attend(ctx context.Context, in *call, r *Route) error {
	switch {
	case r.Access == Open || r.Access == Operator:
		return nil
	case in.tenant.ID == db.None:
		if r.Access.staff() || r.Access == SignedIn {
			return errUnauthenticated
		}
		return errTenantRequired
	case in.tenant.Status == "closed":
		return errTenantClosed
	case in.tenant.Status == "suspended" && !r.Suspended:
		return errTenantSuspended
	}
	return nil
}

// permit checks that the identity may use the route.
func (g *Gateway) permit(ctx context.Context, in *call, r *Route) error {
	if r.Access.staff() {
		permission, ok := r.Access.Permission()
		switch {
		case !in.identity.Is(access.Member, access.APIKey):
			return errUnauthenticated
		case ok && !g.hooks.Authenticator.Allowed(ctx, in.identity, permission):
			return errForbidden.With("permission", permission)
		}
		return nil
	}
	switch {
	case r.Access == SignedIn && !in.identity.Is(access.Member):
		return errUnauthenticated
	case r.Access == Operator && !in.identity.Is(access.Operator):
		return errUnauthenticated
	case r.Access == Customer && !in.identity.Is(access.Customer):
		return errCustomerOnly
	}
	return nil
}

// key takes over the Idempotency-Key.
func (c *call) key(f *fiber.Ctx, r *Route) error {
	if safe(r.Method) {
		return nil
	}
	values := f.Request().Header.PeekAll("Idempotency-Key")
	if len(values) == 0 {
		if r.Keyed {
			return errKeyRequired.Field("header.Idempotency-Key", "is required")
		}
		return nil
	}
	key := string(values[0])
	if len(values) > 1 || len(key) < 1 || len(key) > 200 {
		return errKeyInvalid.Field("header.Idempotency-Key", "must be one value of 1 to 200 characters")
	}
	for _, b := range []byte(key) {
		if b < 0x21 || b > 0x7e {
			return errKeyInvalid.Field("header.Idempotency-Key", "has a character that is not visible ASCII")
		}
	}
	c.attempt.Key = key
	return nil
}

// account reads the member of a JSON body that names the account, in lower case; "" if it is not there.
func account(body []byte, member string) string {
	var doc map[string]json.RawMessage
	var name string
	if json.Unmarshal(body, &doc) != nil || json.Unmarshal(doc[member], &name) != nil {
		return ""
	}
	return strings.ToLower(strings.TrimSpace(name))
}

var errCrossSite = fault.New(fault.Forbidden, "csrf_refused", "This request did not come from our own pages. Programs use an API key; pages of this host send the header X-Allhours: 1.")

// sameSite refuses what another site's page makes a browser send. A browser says where a request comes from (Sec-Fetch-Site, Origin), and lets no
// foreign page set X-Allhours without asking first, to which cors says no. Other shops of the platform are foreign too ("same-site" is not enough).
func (g *Gateway) sameSite(c *fiber.Ctx, in *call, r *Route, byCookie bool) error {
	if safe(r.Method) || c.Get(fiber.HeaderAuthorization) != "" {
		return nil
	}
	site, origin := c.Get("Sec-Fetch-Site"), c.Get(fiber.HeaderOrigin)
	if r.Access == Public && in.tenant.allows(origin) {
		return nil // a page the shop itself has named, and cookies count for nothing here
	}
	foreign := (site != "" && site != "same-origin" && site != "none") || (origin != "" && origin != in.client.BaseURL())
	if foreign {
		return errCrossSite
	}
	if r.Access == Public || (r.Access == Open && !byCookie) {
		return nil
	}
	if c.Get("X-Allhours") == "" || (site == "" && origin == "") {
		return errCrossSite
	}
	return nil
}

// cors lets pages of the origins that the tenant has listed call the API, without cookies.
func (g *Gateway) cors(c *fiber.Ctx, in *call) bool {
	origin := c.Get(fiber.HeaderOrigin)
	if origin == "" {
		return false
	}
	c.Append(fiber.HeaderVary, fiber.HeaderOrigin)
	if !in.tenant.allows(origin) {
		return false
	}
	c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
	c.Set(fiber.HeaderAccessControlExposeHeaders, "ETag, Idempotent-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id")
	return true
}

// preflight answers OPTIONS: yes for listed origins, and never for X-Allhours.
func (g *Gateway) preflight(c *fiber.Ctx) error {
	ctx := c.UserContext()
	in := callOf(ctx)
	in.pattern = "preflight"
	if !g.bare(in.host) {
		if t, err := g.tenantAt(ctx, in); err == nil {
			in.tenant = t
		}
	}
	if g.cors(c, in) {
		c.Set(fiber.HeaderAccessControlAllowMethods, "GET, POST, PUT, PATCH, DELETE")
		c.Set(fiber.HeaderAccessControlAllowHeaders, "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-Id")
		c.Set(fiber.HeaderAccessControlMaxAge, "600")
	}
	return c.SendStatus(http.StatusNoContent)
}
