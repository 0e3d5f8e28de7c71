package devstack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAroundServesTheCommandAndGivesItsExitCode(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "url")
	code, err := Around(t.Context(), []string{"sh", "-c", `echo "$ALLHOURS_TEST_DATABASE_URL" > ` + out + `; exit 7`})
	if err != nil || code != 7 {
		t.Fatalf("exit %d, %v; want 7", code, err)
	}
	url, _ := os.ReadFile(out)
	if !strings.HasPrefix(string(url), "postgres://postgres:") {
		t.Errorf("the command was given %q", url)
	}
	_, dir, _ := strings.Cut(string(url), "host=%2Ftmp%2F")
	dir, _, _ = strings.Cut(dir, "%2F")
	if dir == "" || exists(filepath.Join("/tmp", dir)) {
		t.Errorf("/tmp/%s is left behind", dir)
	}
	if code, err := Around(t.Context(), []string{"sh", "-c", "kill -9 $$"}); err == nil || code == 0 {
		t.Errorf("a killed command: exit %d, %v", code, err)
	}
	if code, err := Around(t.Context(), nil); err == nil || code == 0 {
		t.Errorf("no command: exit %d, %v", code, err)
	}
}
