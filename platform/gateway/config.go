package gateway

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Config is how the gateway listens and whom it believes.
type Config struct {
	Listen         string        `env:"ALLHOURS_LISTEN" envDefault:":8080"`
	Internal       string        `env:"ALLHOURS_LISTEN_INTERNAL" envDefault:"127.0.0.1:9090"` // metrics and profiles; never public; "" is off
	BaseDomain     string        `env:"ALLHOURS_BASE_DOMAIN" envDefault:"localhost"`          // shops live at slug.<base domain>
	PublicURL      string        `env:"ALLHOURS_PUBLIC_URL"`                                  // of the bare base domain; tells the scheme and the port
	TrustedProxies []string      `env:"ALLHOURS_TRUSTED_PROXIES"`                             // addresses or CIDRs whose X-Forwarded-* is believed
	DrainDelay     time.Duration `env:"ALLHOURS_DRAIN_DELAY" envDefault:"0s"`                 // between "not ready" and closing the door, for a load balancer to see it
	DrainTimeout   time.Duration `env:"ALLHOURS_DRAIN_TIMEOUT" envDefault:"25s"`              // for requests in flight
	AccessLog      string        `env:"ALLHOURS_ACCESS_LOG" envDefault:"all"`                 // all, errors, none
	AddressRate    int           `env:"ALLHOURS_RATE_ADDRESS" envDefault:"200"`               // requests a second of one address at one tenant
	KeyRate        int           `env:"ALLHOURS_RATE_KEY" envDefault:"1000"`                  // requests a second of one API key
	StrictRate     int           `env:"ALLHOURS_RATE_STRICT" envDefault:"20"`                 // attempts a minute of one address at login, sign-up and reset
	StreamsTenant  int           `env:"ALLHOURS_STREAMS_TENANT" envDefault:"5000"`            // live streams of one tenant in one process
	StreamsAddress int           `env:"ALLHOURS_STREAMS_ADDRESS" envDefault:"200"`            // live streams of one address in one process

	heartbeat time.Duration // of live streams; 15 s where 0
	proxies   []netip.Prefix
}

// Validate reports everything that is wrong, naming the variable.
func (c *Config) Validate() error {
	var errs []error
	c.BaseDomain = strings.ToLower(strings.TrimSuffix(c.BaseDomain, "."))
	if c.BaseDomain == "" || strings.ContainsAny(c.BaseDomain, "/: ") {
		errs = append(errs, fmt.Errorf("ALLHOURS_BASE_DOMAIN: %q is not a domain name (example: shops.example.com)", c.BaseDomain))
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			errs = append(errs, fmt.Errorf("ALLHOURS_PUBLIC_URL: %q is not an http or https address", c.PublicURL))
		}
	}
	c.proxies = nil
	for _, p := range c.TrustedProxies {
		prefix, err := parsePrefix(strings.TrimSpace(p))
		if err != nil {
			errs = append(errs, fmt.Errorf("ALLHOURS_TRUSTED_PROXIES: %q is not an address or a CIDR", p))
			continue
		}
		c.proxies = append(c.proxies, prefix)
	}
	switch c.AccessLog {
	case "all", "errors", "none":
	case "":
		c.AccessLog = "all"
	default:
		errs = append(errs, fmt.Errorf("ALLHOURS_ACCESS_LOG: %q is not one of all, errors, none", c.AccessLog))
	}
	for name, n := range map[string]int{"RATE_ADDRESS": c.AddressRate, "RATE_KEY": c.KeyRate, "RATE_STRICT": c.StrictRate, "STREAMS_TENANT": c.StreamsTenant, "STREAMS_ADDRESS": c.StreamsAddress} {
		if n < 1 {
			errs = append(errs, fmt.Errorf("ALLHOURS_%s: must be at least 1", name))
		}
	}
	if c.DrainTimeout <= 0 {
		errs = append(errs, errors.New("ALLHOURS_DRAIN_TIMEOUT: must be more than 0"))
	}
	if c.heartbeat == 0 {
		c.heartbeat = 15 * time.Second
	}
	return errors.Join(errs...)
}

// ShopURL is the address of a tenant's shop, without a slash at the end.
func (c Config) ShopURL(slug string) string {
	u := c.base()
	u.Host = slug + "." + u.Host
	return u.String()
}

// BaseURL is the address of the bare base domain, where the console is under /admin/ and webhooks under /hooks/, without a slash at the end.
func (c Config) BaseURL() string {
	u := c.base()
	return u.String()
}

func (c Config) base() url.URL {
	if u, err := url.Parse(c.PublicURL); err == nil && u.Host != "" {
		return url.URL{Scheme: u.Scheme, Host: u.Host}
	}
	return url.URL{Scheme: "http", Host: strings.ToLower(c.BaseDomain) + portOf(c.Listen)}
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

func portOf(listen string) string {
	if i := strings.LastIndexByte(listen, ':'); i >= 0 && listen[i:] != ":80" {
		return listen[i:]
	}
	return ""
}
