package app

import (
	"bytes"
	"os"
	"testing"
)

// TestGeneratedOpenAPI fails when .api/openapi.json is not what the routes say: `make generate` writes it anew.
func TestGeneratedOpenAPI(t *testing.T) {
	t.Parallel()
	want, err := OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../.api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace(want)) {
		t.Error(".api/openapi.json is not up to date: run `make generate`")
	}
}
