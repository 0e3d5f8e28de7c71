package access

import (
	"context"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"allhours/platform/base/db/dbtest"
	"allhours/platform/base/fault"
)

func TestPasswordStrength(t *testing.T) {
	t.Parallel()
	about := []string{"ada.lovelace@example.com", "Ada Lovelace", "Noodle House", "noodle-house"}
	for password, fine := range map[string]bool{
		"":                          false,
		"short1!":                   false,
		"password123":               false,
		"P@ssw0rd2024":              false,
		"passwordpassword":          false,
		"aaaaaaaaaaaaaaa":           false,
		"abcdefghijklmnop":          false,
		"1234567890123":             false,
		"qwertyuiop[]asdf":          false,
		"adalovelace1815":           false,
		"NoodleHouse2026!":          false,
		"abababababab":              false,
		"1qaz2wsx3edc":              false,
		"letmeinplease!!":           true,
		"correct horse battery":     false,
		"kR7#vmPq2zLw":              true,
		"violet tractor nimbus":     true,
		"我的店铺密码很长很长":                true,
		strings.Repeat("xK9", 70):   false, // over 200
		"nul\x00inside-is-not-text": false,
		"\xff\xfe-not-utf8-text!":   false,
	} {
		err := CheckPassword(password, about...)
		if (err == nil) != fine {
			t.Errorf("%q: %v", password, err)
		}
		if err != nil && fault.Of(err).Fields["password"].Empty() {
			t.Errorf("%q: the error names no field: %v", password, err)
		}
	}
}

func TestStrengthNeverHangs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.String().Draw(t, "password")
		if n := units(p, []string{rapid.String().Draw(t, "about")}); n < 0 || n > len(p) {
			t.Fatalf("%d units of %q", n, p)
		}
	})
}

func TestPasswordHash(t *testing.T) {
	t.Parallel()
	a := newAccess(t, dbtest.New(t))
	stored, err := a.HashPassword(t.Context(), "violet tractor")
	if err != nil || !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%s, %v", stored, err)
	}
	for p, want := range map[string]bool{"violet tractor": true, "violet tractor ": false, "": false} {
		if ok, err := a.VerifyPassword(t.Context(), stored, p); ok != want || err != nil {
			t.Errorf("%q: %v, %v", p, ok, err)
		}
	}
	if ok, err := a.VerifyPassword(t.Context(), "", ""); ok || err != nil {
		t.Errorf("nothing stored: %v, %v", ok, err)
	}
	if _, err := a.VerifyPassword(t.Context(), "$argon2id$v=19$m=99999999,t=2,p=1$AA$AA", "x"); err == nil {
		t.Error("absurd costs are computed")
	}
}

// When the machine is busy hashing, the one too many is told so at once.
func TestSaturatedHashingAnswersAtOnce(t *testing.T) {
	t.Parallel()
	h := newHasher(2)
	release, running := make(chan struct{}), make(chan struct{})
	for range 2 {
		go h.run(context.Background(), func() { running <- struct{}{}; <-release })
	}
	<-running
	<-running
	results := make(chan error)
	for range h.queue - 2 {
		go func() { results <- h.run(context.Background(), func() {}) }()
	}
	deadline := time.Now().Add(5 * time.Second)
	for h.waiting.Load() < h.queue && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	err := h.run(t.Context(), func() {})
	if took := time.Since(began); fault.KindOf(err) != fault.TooMany || fault.Of(err).RetryAfter == 0 || took > 50*time.Millisecond {
		t.Errorf("after %s: %v", took, err)
	}
	close(release)
	for range h.queue - 2 {
		if err := <-results; err != nil {
			t.Errorf("one who waited: %v", err)
		}
	}
}
