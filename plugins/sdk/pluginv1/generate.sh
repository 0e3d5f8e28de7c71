#!/bin/sh
# Writes the Go code of plugin.proto, below the folder given or the repository's root. The line naming the protoc release is dropped, so that
# the result depends on the pinned generators only.
set -eu
cd "$(dirname "$0")/../../.."
out=${1:-.}
tool() { go tool -modfile=.tools/go.mod -n "$1"; }
here=plugins/sdk/pluginv1
protoc --proto_path=. \
	--plugin=protoc-gen-go="$(tool protoc-gen-go)" --go_out="$out" --go_opt=paths=source_relative \
	--plugin=protoc-gen-go-grpc="$(tool protoc-gen-go-grpc)" --go-grpc_out="$out" --go-grpc_opt=paths=source_relative \
	$here/plugin.proto
sed -i.bak -e '/^\/\/ .*protoc  *v/d' "$out/$here/plugin.pb.go" "$out/$here/plugin_grpc.pb.go"
rm -f "$out/$here/plugin.pb.go.bak" "$out/$here/plugin_grpc.pb.go.bak"
