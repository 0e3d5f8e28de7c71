#!/bin/sh
# Writes the Go code of plugin.proto. The line naming the protoc release is dropped, so that
# the result depends on the pinned generators only.
set -eu
cd ../../..
tool() { go tool -modfile=.tools/go.mod -n "$1"; }
here=plugins/sdk/pluginv1
protoc --proto_path=. \
	--plugin=protoc-gen-go="$(tool protoc-gen-go)" --go_out=. --go_opt=paths=source_relative \
	--plugin=protoc-gen-go-grpc="$(tool protoc-gen-go-grpc)" --go-grpc_out=. --go-grpc_opt=paths=source_relative \
	$here/plugin.proto
sed -i.bak -e '/^\/\/ .*protoc  *v/d' $here/plugin.pb.go $here/plugin_grpc.pb.go
rm -f $here/plugin.pb.go.bak $here/plugin_grpc.pb.go.bak
