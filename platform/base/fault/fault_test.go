package fault_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"allhours/platform/base/fault"
)

func TestKindsHaveNames(t *testing.T) {
	t.Parallel()
	want := map[fault.Kind]string{
		fault.Internal: "internal", fault.Invalid: "invalid", fault.Unauthenticated: "unauthenticated", fault.Forbidden: "forbidden", fault.NotFound: "not_found", fault.Conflict: "conflict",
		fault.TooMany: "too_many", fault.Unavailable: "unavailable",
	}
	for kind, name := range want {
		if kind.String() != name {
			t.Errorf("kind %d is called %q, want %q", kind, kind, name)
		}
	}
}

func TestWhatAnErrorIs(t *testing.T) {
	t.Parallel()
	gone := fault.New(fault.NotFound, "order.not_found", "There is no order %d.", 7)
	var none *fault.Error
	for name, c := range map[string]struct {
		err     error
		kind    fault.Kind
		code    string
		message string
	}{
		"nothing":            {nil, fault.Internal, "", ""},
		"a nil fault":        {none, fault.Internal, "", ""},
		"a fault":            {gone, fault.NotFound, "order.not_found", "There is no order 7."},
		"a fault wrapped":    {fmt.Errorf("read: %w", gone), fault.NotFound, "order.not_found", "There is no order 7."},
		"one of several":     {errors.Join(io.EOF, gone), fault.NotFound, "order.not_found", "There is no order 7."},
		"anything else":      {io.EOF, fault.Internal, "internal", ""},
		"a fault as a cause": {fault.New(fault.Unavailable, "provider.down", "Later.").Wrap(gone), fault.Unavailable, "provider.down", "Later."},
	} {
		if got := fault.KindOf(c.err); got != c.kind {
			t.Errorf("%s: kind %s, want %s", name, got, c.kind)
		}
		if got := fault.CodeOf(c.err); got != c.code {
			t.Errorf("%s: code %q, want %q", name, got, c.code)
		}
		of := fault.Of(c.err)
		if (of == nil) != (c.code == "") {
			t.Errorf("%s: Of gives %v", name, of)
		}
		if of != nil && c.message != "" && of.Message.String() != c.message {
			t.Errorf("%s: message %q, want %q", name, of.Message, c.message)
		}
	}
}

// What is not ours is logged and not shown.
func TestUnexpectedErrorsAreNotShown(t *testing.T) {
	t.Parallel()
	cause := errors.New("pq: password of allhours_app is hunter2")
	e := fault.Of(cause)
	if strings.Contains(e.Message.String(), "hunter2") || !errors.Is(e, cause) || !strings.Contains(e.Error(), "hunter2") {
		t.Errorf("shown %q, logged %q", e.Message.String(), e.Error())
	}
}

func TestFaultsAreComparedByCode(t *testing.T) {
	t.Parallel()
	short := fault.New(fault.Conflict, "order.out_of_stock", "Too little is left.")
	same := fault.New(fault.Conflict, "order.out_of_stock", "Sold out.").Field("lines.0", "2 left")
	if !errors.Is(fmt.Errorf("place: %w", same), short) || errors.Is(same, fault.New(fault.Conflict, "order.ended", "Over.")) || errors.Is(same, io.EOF) {
		t.Error("faults are not the same by their code alone")
	}
	if !errors.Is(short.Wrap(io.EOF), io.EOF) {
		t.Error("the cause is not found")
	}
}

// A fault may be a package's variable: what is added to it goes into a copy.
func TestAddingLeavesTheOriginalAlone(t *testing.T) {
	t.Parallel()
	base := fault.New(fault.Invalid, "x.invalid", "Mend the fields named. 100 %")
	one := base.Field("a", "is missing").With("current", 1)
	two := one.Field("b", "is long").With("limit", 2).After(time.Second).Wrap(io.EOF)
	if diff := cmp.Diff([]any{fault.Invalid, "x.invalid", "Mend the fields named. 100 %", 0, 0, time.Duration(0), nil}, []any{base.Kind, base.Code, base.Message.String(), len(base.Fields), len(base.Data), base.RetryAfter, base.Err}); diff != "" {
		t.Errorf("the original has changed:\n%s", diff)
	}
	if diff := cmp.Diff([]any{"map[a:is missing]", map[string]any{"current": 1}, time.Duration(0), nil}, []any{fmt.Sprint(one.Fields), one.Data, one.RetryAfter, one.Err}); diff != "" {
		t.Errorf("the first copy has changed:\n%s", diff)
	}
	if diff := cmp.Diff([]any{"map[a:is missing b:is long]", map[string]any{"current": 1, "limit": 2}, time.Second}, []any{fmt.Sprint(two.Fields), two.Data, two.RetryAfter}); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{"x.invalid: Mend the fields named. 100 %", "a: is missing", "b: is long", "EOF"} {
		if !strings.Contains(two.Error(), part) {
			t.Errorf("%q does not say %q", two.Error(), part)
		}
	}
}
