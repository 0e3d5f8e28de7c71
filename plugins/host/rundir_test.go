package host_test

import (
	"os"
	"path/filepath"
	"testing"

	"allhours/plugins/host"
)

func TestRunFolderOfOthersIsRefused(t *testing.T) {
	t.Parallel()
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if h, err := host.New(host.Config{RunDir: open}); err == nil {
		h.Close()
		t.Error("sockets would lie in a folder that anybody can write to")
	}
}
