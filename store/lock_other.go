//go:build !unix

package store

import "strings"

// isLockHeld reports whether err of a lock means that somebody holds it.
func isLockHeld(err error) bool {
	s := err.Error()
	return strings.Contains(s, "lock held by current process") || strings.Contains(s, "used by another process")
}
