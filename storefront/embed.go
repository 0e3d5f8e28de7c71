// Package storefront carries the customers' shop as built static files.
package storefront

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built shop, with .br and .gz beside each compressible asset. Before `make ui` has run it
// returns a page that says so; Built tells which.
func Files() fs.FS {
	if Built() {
		return sub("dist/app")
	}
	return sub("dist")
}

// Built reports whether the shop itself, and not only the placeholder page, is in the binary.
func Built() bool {
	_, err := fs.Stat(dist, "dist/app/index.html")
	return err == nil
}

func sub(dir string) fs.FS {
	files, err := fs.Sub(dist, dir)
	if err != nil {
		panic(err) // only for an invalid path, and ours are constants
	}
	return files
}
