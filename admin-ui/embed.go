// Package adminui holds the built staff console and the API reference page, so that the binary needs no other file.
//
// `make ui` fills dist; without it the package still compiles and serves a page that says so.
package adminui

import (
	"embed"
	"io/fs"
)

// NonceToken stands in index.html and docs.html where the server must write the nonce of each response's
// Content-Security-Policy.
const NonceToken = "__CSP_NONCE__"

//go:embed all:dist
var built embed.FS

//go:embed placeholder
var placeholder embed.FS

// Files is what is served under /admin/: index.html (for every path without an extension), docs.html (for /api/docs) and
// assets/* (names carry a hash of their content, so they may be cached for ever). A file that compresses well has
// neighbours with .br and .gz added to its name. Before `make ui` has run there is only a page that says so; Built tells which.
func Files() fs.FS {
	if Built() {
		return folder(built, "dist")
	}
	return folder(placeholder, "placeholder")
}

// Built reports whether the console itself, and not only the placeholder page, is in the binary.
func Built() bool {
	_, err := fs.Stat(built, "dist/index.html")
	return err == nil
}

func folder(of fs.FS, name string) fs.FS {
	sub, err := fs.Sub(of, name)
	if err != nil {
		panic(err) // only for a malformed name, and ours are constants
	}
	return sub
}
