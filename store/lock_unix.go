//go:build unix

package store

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
)

// isLockHeld reports whether err of a lock means that somebody holds it: the
// system's answer about another process, Pebble's words about this one. A lock
// file that cannot be opened is an *fs.PathError.
func isLockHeld(err error) bool {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return false
	}
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) ||
		strings.Contains(err.Error(), "lock held by current process")
}
