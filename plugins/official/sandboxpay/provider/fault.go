package provider

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// fault is a misbehaviour asked for by the merchant's setting or a POST's metadata.sandbox_fault.
type fault struct {
	kind string // refuse: 503 before anything is done; slow:<duration>, drop, error: after the work is done
	wait time.Duration
}

func (p *Provider) faultOf(r *request) fault {
	var in struct {
		Metadata map[string]string `json:"metadata"`
	}
	how := r.merchant.Fault
	if r.Method == http.MethodPost && json.Unmarshal(r.body, &in) == nil && in.Metadata["sandbox_fault"] != "" {
		how = in.Metadata["sandbox_fault"]
	}
	kind, arg, _ := strings.Cut(how, ":")
	wait, err := time.ParseDuration(arg)
	if err != nil {
		wait = 3 * time.Second
	}
	return fault{kind, wait}
}

// strike misbehaves and says whether the answer is spent.
func (f fault) strike(w http.ResponseWriter, r *http.Request) bool {
	switch f.kind {
	case "slow":
		select {
		case <-time.After(f.wait):
		case <-r.Context().Done():
		}
		return false
	case "drop":
		panic(http.ErrAbortHandler)
	case "error":
		answer(w, nil, &apiError{500, "api_error", "internal", "something went wrong", ""})
		return true
	}
	return false
}
