package app

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"

	"allhours/jobs"
	"allhours/platform/base/blob"
	"allhours/platform/base/db"
	"allhours/platform/base/secrets"
	"allhours/platform/base/telemetry"
	"allhours/platform/gateway"
	"allhours/platform/notify"
	"allhours/plugins"
	"allhours/tenants"
)

// Config is everything that the environment may set; each part stands beside its user.
type Config struct {
	Database  db.Config
	Jobs      jobs.Config
	Gateway   gateway.Config
	Tenants   tenants.Config
	Secrets   secrets.Config
	Blob      blob.Config
	Telemetry telemetry.Config
	Mail      notify.MailConfig
	Plugins   plugins.Config
}

// ReadConfig reads the environment and reports everything that is wrong with it.
func ReadConfig() (Config, error) {
	var c Config
	if err := env.Parse(&c); err != nil {
		var all env.AggregateError
		if !errors.As(err, &all) {
			return c, fmt.Errorf("environment: %w", err)
		}
		var errs []error
		for _, err := range all.Errors {
			var wrong env.ParseError
			if errors.As(err, &wrong) {
				err = fmt.Errorf("%s: %w", variable(reflect.TypeOf(c), wrong.Name), wrong.Err)
			}
			errs = append(errs, err)
		}
		return c, errors.Join(errs...)
	}
	return c, nil
}

// variable finds the name of the environment variable that fills the field; empty if there is none.
func variable(t reflect.Type, field string) string {
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("env"), ","); f.Name == field && name != "" {
			return name
		}
		if f.Type.Kind() == reflect.Struct {
			if name := variable(f.Type, field); name != "" {
				return name
			}
		}
	}
	return ""
}

// Validate reports everything that is wrong, naming the variables.
func (c *Config) Validate() error {
	var errs []error
	if c.Database.URL == "" {
		errs = append(errs, errors.New("ALLHOURS_DATABASE_URL: is missing (postgres://allhours_app:password@host:5432/allhours)"))
	}
	if c.Jobs.RedisURL == "" {
		errs = append(errs, errors.New("ALLHOURS_REDIS_URL: is missing (redis://host:6379/0)"))
	} else {
		errs = append(errs, c.Jobs.Validate())
	}
	return errors.Join(append(errs, c.Gateway.Validate(), c.Tenants.Validate(), c.Telemetry.Validate())...)
}
