package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A ledger is the world outside: a directory with a file for each payment, which
// a crash of the engine does not undo. A handler may run twice for one job, so a
// payment goes by the idempotency key of its job.
type ledger string

// pay records a payment once. It returns the payment's number, and whether this
// call made it: if not, an earlier call with the same key did.
func (l ledger) pay(key string) (id string, made bool, err error) {
	if err := os.MkdirAll(string(l), 0o700); err != nil {
		return "", false, err
	}
	sum := sha256.Sum256([]byte(key))
	id = fmt.Sprintf("P-%x", sum[:3])
	f, err := os.OpenFile(filepath.Join(string(l), id), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return id, false, nil
	}
	if err != nil {
		return "", false, err
	}
	return id, true, f.Close()
}

// payments is how many there are.
func (l ledger) payments() (int, error) {
	entries, err := os.ReadDir(string(l))
	return len(entries), err
}
