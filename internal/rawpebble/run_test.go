package rawpebble

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// TestFormat: the pinned format is one that the linked Pebble can write, and a
// new Pebble with a newer one is noticed.
func TestFormat(t *testing.T) {
	if Format != pebble.FormatNewest {
		t.Errorf("stores are created with Pebble format %d; this Pebble's newest is %d: decide whether to raise it, with a store format of its own",
			Format, pebble.FormatNewest)
	}
}

func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 100 MB")
	}
	n, err := Run(t.TempDir(), 32, 4, 50*time.Millisecond)
	if err != nil || n <= 0 {
		t.Errorf("Run = %f, %v", n, err)
	}
}
