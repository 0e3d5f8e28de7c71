package plugins

import (
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"allhours/platform/base/fault"
)

type fieldFault struct {
	path []string
	text fault.Text
}

// faults puts a validation error in plain words, without the value at fault.
func faults(bad *jsonschema.ValidationError) []fieldFault {
	at := bad.InstanceLocation
	one := func(format string, args ...any) []fieldFault {
		return []fieldFault{{at, fault.T(format, args...)}}
	}
	under := func(names []string, text fault.Text) (list []fieldFault) {
		for _, n := range names {
			list = append(list, fieldFault{append(slices.Clone(at), n), text})
		}
		return list
	}
	switch k := bad.ErrorKind.(type) {
	case *kind.Required:
		return under(k.Missing, fault.T("is required"))
	case *kind.AdditionalProperties:
		return under(k.Properties, fault.T("is no setting of this plugin"))
	case *kind.Type:
		return one("must be %s", strings.Join(k.Want, " or "))
	case *kind.Enum:
		return one("must be one of %s", joined(k.Want))
	case *kind.MinLength:
		return one("must be at least %d characters", k.Want)
	case *kind.MaxLength:
		return one("must be at most %d characters", k.Want)
	case *kind.MinItems:
		return one("must have at least %d entries", k.Want)
	case *kind.MaxItems:
		return one("must have at most %d entries", k.Want)
	case *kind.UniqueItems:
		return one("has an entry twice")
	case *kind.Minimum:
		return one("must be at least %s", k.Want.RatString())
	case *kind.Maximum:
		return one("must be at most %s", k.Want.RatString())
	case *kind.Format:
		return one("must be a %s", k.Want)
	case *kind.Pattern:
		return one("must look like %s", k.Want)
	}
	return one("is not allowed as it is (%s)", strings.Join(bad.ErrorKind.KeywordPath(), "/"))
}

func joined(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}
