package secrets

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func newKeys(t *testing.T) (Keys, string) {
	t.Helper()
	text, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	k, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return k, text
}

func TestSealedValueOpensOnlyAtItsPlace(t *testing.T) {
	t.Parallel()
	k, _ := newKeys(t)
	other, _ := newKeys(t)
	a, b := uuid.New(), uuid.New()
	place := AAD(a, "plugin.secret", "row-1")
	sealed, err := k.Box.Seal([]byte("sk_live_1"), place)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Box.Open(sealed, place); err != nil || string(got) != "sk_live_1" {
		t.Fatalf("opened %q, %v", got, err)
	}
	if bytes.Contains(sealed, []byte("sk_live")) {
		t.Error("plaintext shows")
	}
	for name, elsewhere := range map[string][]byte{
		"tenant": AAD(b, "plugin.secret", "row-1"), "purpose": AAD(a, "totp", "row-1"), "row": AAD(a, "plugin.secret", "row-2"),
		"shifted": AAD(a, "plugin.secretrow", "-1"), "none": nil,
	} {
		if _, err := k.Box.Open(sealed, elsewhere); !errors.Is(err, ErrSealed) {
			t.Errorf("opened with another %s: %v", name, err)
		}
	}
	if _, err := other.Box.Open(sealed, place); !errors.Is(err, ErrSealed) {
		t.Errorf("opened with another key: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := k.Box.Open(changed, place); !errors.Is(err, ErrSealed) {
			t.Fatalf("opened with byte %d changed: %v", i, err)
		}
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	old, text := newKeys(t)
	place := AAD(uuid.New(), "p", "r")
	sealed, _ := old.Box.Seal([]byte("v"), place)
	token := old.Signer.Sign("order", time.Time{}, "id")

	rotated, err := Rotate(text)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := Parse(rotated)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := fresh.Box.Open(sealed, place); err != nil || string(got) != "v" {
		t.Fatalf("old value after rotation: %q, %v", got, err)
	}
	if _, err := fresh.Signer.Verify("order", token); err != nil {
		t.Errorf("old link after rotation: %v", err)
	}
	again, changed, err := fresh.Box.Rewrap(sealed, place)
	if err != nil || !changed {
		t.Fatalf("rewrap: changed %v, %v", changed, err)
	}
	if _, err := old.Box.Open(again, place); !errors.Is(err, ErrSealed) {
		t.Errorf("the old key opens what the new one sealed: %v", err)
	}
	if got, err := fresh.Box.Open(again, place); err != nil || string(got) != "v" {
		t.Errorf("rewrapped value: %q, %v", got, err)
	}
	if _, changed, err = fresh.Box.Rewrap(again, place); err != nil || changed {
		t.Errorf("second rewrap: changed %v, %v", changed, err)
	}
	if _, _, err := fresh.Box.Rewrap(again, AAD(uuid.New(), "p", "r")); !errors.Is(err, ErrSealed) {
		t.Errorf("rewrap elsewhere: %v", err)
	}
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "new", "key")
	if _, err := Load(Config{KeyFile: file}); err == nil {
		t.Error("a missing key file was accepted")
	}
	k, err := LoadOrMake(Config{KeyFile: file})
	if err != nil {
		t.Fatal(err)
	}
	sealed, _ := k.Box.Seal([]byte("v"), nil)
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Errorf("key file mode %v", info.Mode())
	}
	if err := RotateFile(file); err != nil {
		t.Fatal(err)
	}
	k, err = LoadOrMake(Config{KeyFile: file})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.Box.Open(sealed, nil); err != nil || string(got) != "v" {
		t.Errorf("after rotation: %q, %v", got, err)
	}
	if err := MakeFile(file); err == nil {
		t.Error("a key file was overwritten")
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(Config{KeyFile: file}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key file open to all: %v", err)
	}
}

func TestBadKeysAreNamedAndNotShown(t *testing.T) {
	t.Parallel()
	_, text := newKeys(t)
	for name, c := range map[string]Config{
		"none": {}, "both": {Key: text, KeyFile: "x"}, "cut": {Key: text[:len(text)/2]}, "not base64": {Key: "secret!"}, "other": {Key: "c2VjcmV0"},
	} {
		if _, err := Load(c); err == nil || strings.Contains(err.Error(), "secret!") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	k, _ := newKeys(t)
	other, _ := newKeys(t)
	rapid.Check(t, func(t *rapid.T) {
		purpose := rapid.String().Draw(t, "purpose")
		parts := rapid.SliceOf(rapid.String()).Draw(t, "parts")
		life := rapid.Int64Range(1, 1e9).Draw(t, "life")
		now := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "now"), 0)
		s := k.Signer.WithClock(func() time.Time { return now })
		token := s.Sign(purpose, now.Add(time.Duration(life)*time.Second), parts...)

		got, err := s.Verify(purpose, token)
		if err != nil || !cmp.Equal(append([]string{}, parts...), got) {
			t.Fatalf("got %q, %v", got, err)
		}
		if _, err := s.Verify(purpose+"x", token); !errors.Is(err, ErrLink) {
			t.Fatalf("another purpose: %v", err)
		}
		if _, err := other.Signer.Verify(purpose, token); !errors.Is(err, ErrLink) {
			t.Fatalf("another key: %v", err)
		}
		end := now.Add(time.Duration(life) * time.Second)
		if _, err := s.WithClock(func() time.Time { return end }).Verify(purpose, token); !errors.Is(err, ErrExpired) {
			t.Fatalf("at its end: %v", err)
		}
		i := rapid.IntRange(0, len(token)-1).Draw(t, "i")
		letter := rapid.SampledFrom([]byte("ABCxyz019-_")).Draw(t, "letter")
		if token[i] != letter {
			forged := token[:i] + string(letter) + token[i+1:]
			if _, err := s.Verify(purpose, forged); !errors.Is(err, ErrLink) {
				t.Fatalf("forged at %d: %v", i, err)
			}
		}
	})
	if _, err := k.Signer.Verify("order", k.Signer.Sign("order", time.Time{}, "id")); err != nil {
		t.Errorf("a token without end: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	text, _ := Generate()
	k, err := Parse(text)
	if err != nil {
		f.Fatal(err)
	}
	good := k.Signer.Sign("p", time.Time{}, "a", "b")
	f.Add("")
	f.Add(good[1:])
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := k.Signer.Verify("p", token); err == nil && token != good {
			t.Fatalf("forged: %q", token)
		}
	})
}
