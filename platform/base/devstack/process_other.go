//go:build !linux

package devstack

import "syscall"

// Without parent-death signals an orphan lives until the next start reaps it.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}
