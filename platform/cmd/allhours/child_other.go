//go:build !linux

package main

import "syscall"

// dieWithParent keeps the terminal's Ctrl-C from a child; only Linux can also end it with its parent.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
