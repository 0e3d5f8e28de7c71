// Package migrations holds the schema as goose SQL files, forward only: expand first, contract in a later release.
package migrations

import "embed"

// FS holds the migration files at its root, named NNNNN_topic.sql.
//
//go:embed *.sql
var FS embed.FS
