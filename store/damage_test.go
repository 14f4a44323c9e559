package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/replank/replank/store"
)

// damages are what can happen to a file.
var damages = []struct {
	name string
	do   func(content []byte) []byte // nil: the file is gone
}{
	{"flipped at the start", func(b []byte) []byte { return flip(b, 0) }},
	{"flipped at a quarter", func(b []byte) []byte { return flip(b, len(b)/4) }},
	{"flipped in the middle", func(b []byte) []byte { return flip(b, len(b)/2) }},
	{"flipped near the end", func(b []byte) []byte { return flip(b, max(0, len(b)-20)) }},
	{"flipped everywhere", func(b []byte) []byte {
		for i := range b {
			b = flip(b, i)
		}
		return b
	}},
	{"cut in half", func(b []byte) []byte { return b[:len(b)/2] }},
	{"empty", func(b []byte) []byte { return b[:0] }},
	{"gone", func([]byte) []byte { return nil }},
}

func flip(b []byte, at int) []byte {
	if at < len(b) {
		b[at] ^= 0x55
	}
	return b
}

const damageKeys = 3000

func damageValue(i int) string { return fmt.Sprintf("value %d %s", i, strings.Repeat("x", i%97)) }

// damageStore is a closed store of several tables.
func damageStore(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	for round := range 2 {
		s := mustOpen(t, dir)
		var b store.Batch
		for i := round; i < damageKeys; i += 2 {
			b.Put(fmt.Appendf(nil, "key %06d", i), []byte(damageValue(i)))
		}
		commitAndWait(t, s, &b)
		mustClose(t, s)
	}
	return dir
}

// TestDamageIsAnError damages every file of a store in every way. To open it and to read it is an error that says so, or
// shows what was written; never a panic, and never something else.
func TestDamageIsAnError(t *testing.T) {
	whole := damageStore(t)
	entries, err := os.ReadDir(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() == "LOCK" {
			continue
		}
		for _, damage := range damages {
			t.Run(entry.Name()+" "+damage.name, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "store")
				if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, entry.Name())
				content, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if content = damage.do(content); content == nil {
					err = os.Remove(path)
				} else {
					err = os.WriteFile(path, content, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
				switch err := readAll(t, dir); {
				case err == nil: // it was of no use any more
				case entry.Name() == "REPLANK" && content == nil && errors.Is(err, store.ErrNotStore):
				case !errors.Is(err, store.ErrCorrupt), !strings.Contains(err.Error(), dir), !strings.Contains(err.Error(), "restore "):
					t.Errorf("got %v; want ErrCorrupt that says where, and what to do", err)
				case strings.HasSuffix(path, ".sst") && !strings.Contains(err.Error(), entry.Name()):
					t.Errorf("%v does not name the file", err)
				}
			})
		}
	}
}

// TestDamageInACompaction: what is damaged is found in the background. It is told once, the process and the store live,
// and what lies elsewhere can be written and read.
func TestDamageInACompaction(t *testing.T) {
	dir := damageStore(t)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatal(tables, err)
	}
	content, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tables[0], flip(content, len(content)/2), 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	told := 0
	for round := range 6 { // each leaves a table, and some are too many
		s, err := store.OpenPebble(dir, &store.PebbleOptions{Problem: func(err error) {
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, store.ErrCorrupt) && strings.Contains(err.Error(), tables[0]) {
				told++
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		mustPut(t, s, "key 000000", fmt.Sprint(round))
		mustPut(t, s, "key 999999", fmt.Sprint(round))
		if v, err := s.Get(t.Context(), []byte("key 999999")); err != nil || string(v) != fmt.Sprint(round) {
			t.Errorf("round %d: %q, %v", round, v, err)
		}
		mustClose(t, s)
	}
	mu.Lock()
	defer mu.Unlock()
	if told == 0 || told > 12 {
		t.Errorf("told %d times of the damage, want once or twice for each time it was open", told)
	}
}

var errWrongData = errors.New("it reads something that was not written")

// readAll opens a store and reads all of it, in two ways.
func readAll(t *testing.T, dir string) error {
	s, err := store.OpenPebble(dir, nil)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	n := 0
	for entry, err := range s.Scan(t.Context(), nil, nil) {
		if err != nil {
			return err
		}
		if string(entry.Key) != fmt.Sprintf("key %06d", n) || string(entry.Value) != damageValue(n) {
			return errWrongData
		}
		n++
	}
	if n != damageKeys {
		return fmt.Errorf("%w: %d keys", errWrongData, n)
	}
	for i := range damageKeys {
		v, err := s.Get(t.Context(), fmt.Appendf(nil, "key %06d", i))
		if err != nil {
			return err
		}
		if string(v) != damageValue(i) {
			return errWrongData
		}
	}
	return nil
}
