package plugins

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"allhours/platform/base/fault"
	"allhours/plugins/host"
)

// Release is a version of a plugin on this machine.
type Release struct {
	ID             string            `json:"id"`
	Name           map[string]string `json:"name"`
	Summary        map[string]string `json:"summary"`
	Version        string            `json:"version"`
	Kinds          []string          `json:"kinds"`
	Capabilities   []string          `json:"capabilities"`
	ConfigSchema   json.RawMessage   `json:"config_schema"`
	ManifestSHA256 string            `json:"manifest_sha256"`
	Egress         []Egress          `json:"egress,omitempty" doc:"Where the plugin sends data to."`
	EgressFields   []string          `json:"egress_from_config,omitempty" doc:"Fields of the configuration whose addresses it may reach as well."`
	Files          []struct {
		Path, SHA256, OS, Arch string
	} `json:"files"`

	Binary  host.Binary `json:"-"`
	schema  *jsonschema.Schema
	secrets []string       // names of the fields marked x-secret
	preset  map[string]any // defaults of the others
}

// Egress is a host that the plugin declares.
type Egress struct {
	Host    string            `json:"host" doc:"A name, or *.example.com for any one name below it."`
	Port    int               `json:"port,omitempty" doc:"443 where it is left out."`
	Purpose map[string]string `json:"purpose,omitempty"`
}

// reaches lists what an installation with the configuration may reach, as host:port.
func (r Release) reaches(config map[string]any) (all []string) {
	for _, e := range r.Egress {
		port := e.Port
		if port == 0 {
			port = 443
		}
		all = append(all, net.JoinHostPort(strings.ToLower(e.Host), strconv.Itoa(port)))
	}
	for _, f := range r.EgressFields {
		text, _ := config[f].(string)
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" {
			continue
		}
		port := u.Port()
		switch {
		case port != "":
		case u.Scheme == "http":
			port = "80"
		default:
			port = "443"
		}
		all = append(all, net.JoinHostPort(strings.ToLower(u.Hostname()), port))
	}
	return all
}

// Is reports whether the plugin is of the kind.
func (r Release) Is(kind string) bool { return slices.Contains(r.Kinds, kind) }

// readReleases reads <dir>/*/plugin.json. A folder that is absent holds no plugin.
func readReleases(dir string) (map[string]Release, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*", "plugin.json"))
	if err != nil {
		return nil, err
	}
	all := map[string]Release{}
	for _, name := range names {
		r, err := readRelease(name)
		if err != nil {
			return nil, fmt.Errorf("plugin %s: %w", name, err)
		}
		if _, twice := all[r.ID]; twice {
			return nil, fmt.Errorf("plugin %s: %s is there twice", name, r.ID)
		}
		all[r.ID] = r
	}
	return all, nil
}

// Count reads every plugin in the folder, as New does, and tells how many there are.
func Count(dir string) (int, error) {
	all, err := readReleases(dir)
	return len(all), err
}

func readRelease(name string) (r Release, err error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, err
	}
	if r.ID == "" || r.Version == "" || len(r.Kinds) == 0 || r.Name["en"] == "" {
		return r, errors.New("id, version, kinds and name.en are required")
	}
	for _, f := range r.Files {
		if f.OS == runtime.GOOS && f.Arch == runtime.GOARCH && filepath.IsLocal(f.Path) {
			r.Binary = host.Binary{
				Plugin: r.ID, Version: r.Version, Path: filepath.Join(filepath.Dir(name), f.Path), SHA256: f.SHA256, ManifestSHA256: r.ManifestSHA256,
			}
		}
	}
	if r.Binary.SHA256 == "" {
		return r, fmt.Errorf("no file for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	return r, r.compile()
}

// compile readies the schema and notes which fields are secret and which have defaults.
func (r *Release) compile() error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(r.ConfigSchema))
	if err != nil {
		return fmt.Errorf("config_schema: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{}) // nothing is fetched
	c.AssertFormat()
	const at = "plugin:///config.schema.json"
	if err := c.AddResource(at, doc); err != nil {
		return fmt.Errorf("config_schema: %w", err)
	}
	if r.schema, err = c.Compile(at); err != nil {
		return fmt.Errorf("config_schema: %w", err)
	}
	var fields struct {
		Properties map[string]struct {
			Secret  bool `json:"x-secret"`
			Default any  `json:"default"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(r.ConfigSchema, &fields); err != nil {
		return fmt.Errorf("config_schema: %w", err)
	}
	r.preset = map[string]any{}
	for name, f := range fields.Properties {
		if f.Secret {
			r.secrets = append(r.secrets, name)
		} else if f.Default != nil {
			r.preset[name] = f.Default
		}
	}
	slices.Sort(r.secrets)
	return nil
}

// check holds configuration and secrets, which have no name in common, against the schema. Errors name the field as the caller sent it.
func (r *Release) check(config map[string]any, secrets map[string]string) error {
	e := ErrSettings
	merged := map[string]any{}
	for k, v := range config {
		if r.isSecret(k) {
			e = e.Field("body.config."+k, "is a secret: send it in secrets")
		}
		merged[k] = v
	}
	for k, v := range secrets {
		if !r.isSecret(k) {
			e = e.Field("body.secrets."+k, "is no secret of this plugin")
		}
		merged[k] = v
	}
	if e != ErrSettings {
		return e
	}
	raw, err := json.Marshal(merged)
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	var bad *jsonschema.ValidationError
	if err := r.schema.Validate(doc); errors.As(err, &bad) {
		return r.blame(e, bad)
	} else if err != nil {
		return err
	}
	return nil
}

func (r *Release) isSecret(name string) bool { return slices.Contains(r.secrets, name) }

// blame turns the leaves of a validation error into fields. It never repeats a value, which may be a secret.
func (r *Release) blame(e *fault.Error, bad *jsonschema.ValidationError) *fault.Error {
	for _, cause := range bad.Causes {
		e = r.blame(e, cause)
	}
	if len(bad.Causes) > 0 {
		return e
	}
	for _, f := range faults(bad) {
		e = e.Blame(r.place(f.path), f.text)
	}
	return e
}

// place is a field as the caller knows it: body.config.x or body.secrets.x.
func (r *Release) place(path []string) string {
	if len(path) > 0 && r.isSecret(path[0]) {
		return "body.secrets." + strings.Join(path, ".")
	}
	return strings.TrimSuffix("body.config."+strings.Join(path, "."), ".")
}
