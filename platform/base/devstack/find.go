package devstack

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// findPostgres returns the folder with initdb and postgres: the one named, else
// ALLHOURS_PG_BIN, pg_config's, the distributions' (newest version first), PATH.
func findPostgres(named string) (string, error) {
	if named == "" {
		named = os.Getenv("ALLHOURS_PG_BIN")
	}
	missing := &MissingError{
		Program: "PostgreSQL", Install: installLine("postgresql", "postgresql-server", "postgresql@17"),
		Looked: "ALLHOURS_PG_BIN, pg_config --bindir, /usr/lib/postgresql, /usr/pgsql-*, Homebrew, PATH",
	}
	if named != "" {
		if hasPostgres(named) {
			return named, nil
		}
		missing.Looked = "ALLHOURS_PG_BIN = " + named
		return "", missing
	}
	var dirs []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
		"/opt/homebrew/opt/postgresql/bin", "/usr/local/opt/postgresql/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin", "/usr/local/pgsql/bin",
	} {
		found, _ := filepath.Glob(pattern)
		slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
		dirs = append(dirs, found...)
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, d := range dirs {
		if hasPostgres(d) {
			return d, nil
		}
	}
	return "", missing
}

func hasPostgres(dir string) bool {
	return exists(filepath.Join(dir, "postgres")) && exists(filepath.Join(dir, "initdb"))
}

// version reads the first whole number in a path: 15 in /usr/lib/postgresql/15/bin.
func version(path string) int {
	i := strings.IndexAny(path, "0123456789")
	if i < 0 {
		return 0
	}
	rest := path[i:]
	if end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		rest = rest[:end]
	}
	n, _ := strconv.Atoi(rest)
	return n
}

// findRedis returns the path of a Redis (or Valkey) server, or "".
func findRedis() string {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
		for _, dir := range []string{"/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/usr/sbin"} {
			if path := filepath.Join(dir, name); exists(path) {
				return path
			}
		}
	}
	return ""
}
