package audit

import (
	"bytes"
	"encoding/json"
	"strings"
)

const hidden = "[redacted]"

// secretWords mark a member whose value is not kept, wherever in its name they stand.
var secretWords = []string{"password", "passphrase", "secret", "token", "credential", "authorization", "cookie", "private_key", "api_key", "apikey", "recovery_code", "card_number", "cvc", "cvv", "hash"}

// redacted is v as JSON without its secrets; nil for nothing.
func redacted(v any) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	if err != nil || bytes.Equal(b, []byte("null")) {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var plain any
	if err := d.Decode(&plain); err != nil {
		return nil, err
	}
	// PostgreSQL's jsonb cannot hold a NUL.
	return json.Marshal(clean(plain))
}

func clean(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, inner := range v {
			if isSecret(k) && !empty(inner) {
				inner = hidden
			}
			out[strings.ReplaceAll(k, "\x00", "\uFFFD")] = clean(inner)
		}
		return out
	case []any:
		for i := range v {
			v[i] = clean(v[i])
		}
	case string:
		return strings.ReplaceAll(v, "\x00", "\uFFFD")
	}
	return v
}

func isSecret(name string) bool {
	name = strings.ToLower(name)
	for _, w := range secretWords {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

// empty values say that there is no secret, and flags are none: both may be shown.
func empty(v any) bool {
	switch v := v.(type) {
	case nil, bool:
		return true
	case string:
		return v == ""
	}
	return false
}
