// Package pluginv1 is the plugin contract, version 1, as generated from plugin.proto.
package pluginv1

//go:generate sh generate.sh
