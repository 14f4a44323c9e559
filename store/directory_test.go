package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/replank/replank/store"
)

// contents returns every file of a directory and what is in it. It must not be
// called on a directory that this process holds: to close a locked file ends the
// lock.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		text := ""
		if !e.IsDir() {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text = string(b)
		}
		files[path] = fmt.Sprint(info.Mode(), info.ModTime(), text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func mustOpen(t *testing.T, dir string) *store.Pebble {
	t.Helper()
	s, err := store.OpenPebble(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustPut(t *testing.T, s store.Store, key, value string) {
	t.Helper()
	var b store.Batch
	b.Put([]byte(key), []byte(value))
	commitAndWait(t, s, &b)
}

func commitAndWait(t *testing.T, s store.Store, b *store.Batch) {
	t.Helper()
	done, err := s.Commit(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if err := done.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func mustClose(t *testing.T, s store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRefusedUntouched: what is not a store of this release is refused with an
// error that says what to do, and not one byte or time stamp changes.
func TestRefusedUntouched(t *testing.T) {
	aStore := func(t *testing.T, dir string) {
		s := mustOpen(t, dir)
		mustPut(t, s, "a", "1")
		mustClose(t, s)
	}
	format := func(text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			aStore(t, dir)
			if err := os.WriteFile(filepath.Join(dir, "REPLANK"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, dir string)
		is   error
		says string
	}{
		{"NewerFormat", format("replank store\nformat 2\nstate complete\n"), store.ErrNewerFormat, "format 2, this release knows up to 1"},
		{"MuchNewerFormat", format("replank store\nformat 77\nwhatever comes then"), store.ErrNewerFormat, "format 77"},
		{"FormatFileDamaged", format("replank st"), store.ErrCorrupt, "REPLANK"},
		{"FormatFileEmpty", format(""), store.ErrCorrupt, "REPLANK"},
		{"FormatZero", format("replank store\nformat 0\nstate complete\n"), store.ErrCorrupt, "REPLANK"},
		{"FormatFileHuge", format(strings.Repeat("replank store\n", 1000)), nil, "longer than"},
		{"OtherContent", func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("years of work"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, store.ErrNotStore, "thesis.txt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.make(t, dir)
			before := contents(t, dir)
			s, err := store.OpenPebble(dir, nil)
			if err == nil {
				mustClose(t, s)
				t.Fatal("it opened")
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v, want %v", err, c.is)
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%q does not say %q and where", err, c.says)
			}
			if !maps.Equal(before, contents(t, dir)) {
				t.Error("the directory was touched")
			}
		})
	}
}

func TestPathIsNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenPebble(file, nil); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("a file: %v", err)
	}
	if _, err := store.OpenPebble(filepath.Join(file, "below"), nil); err == nil {
		t.Error("a path below a file opened")
	}
	if _, err := store.OpenPebble("", nil); err == nil {
		t.Error("an empty path opened")
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "x" {
		t.Errorf("the file is now %q, %v", b, err)
	}
}

// TestDataFilesMissing: a store whose Pebble files are gone is not an empty one.
func TestDataFilesMissing(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	mustPut(t, s, "a", "1")
	mustClose(t, s)
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() != "REPLANK" {
			if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := store.OpenPebble(dir, nil); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("%v, want ErrCorrupt", err)
	}
}

// TestPermission runs as root too, since the disk is what refuses.
func TestPermission(t *testing.T) {
	disk := store.NewDisk()
	disk.OnWrite(func(int) error { return &fs.PathError{Op: "mkdir", Path: "memory", Err: fs.ErrPermission} })
	if _, err := disk.Open(nil); !errors.Is(err, fs.ErrPermission) || errors.Is(err, store.ErrLocked) {
		t.Errorf("%v, want a permission error", err)
	}
}

func TestSecondOpenerInThisProcess(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, dir + "/.", link} {
		_, err := store.OpenPebble(name, nil)
		if !errors.Is(err, store.ErrLocked) {
			t.Fatalf("%s: %v, want ErrLocked", name, err)
		}
		if who := fmt.Sprintf("this process, process %d", os.Getpid()); !strings.Contains(err.Error(), who) {
			t.Errorf("%q does not name the holder (%s)", err, who)
		}
	}
	mustPut(t, s, "a", "1") // and the first goes on
	mustClose(t, s)
	again := mustOpen(t, link)
	want(t, again, "a", "1")
	mustClose(t, again)
}

// holdEnv makes this test binary a program that holds a store until its
// standard input ends.
const holdEnv = "REPLANK_TEST_HOLD"

func TestMain(m *testing.M) {
	dir := os.Getenv(holdEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := store.OpenPebble(dir, nil)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var b store.Batch
	b.Put([]byte("a"), []byte("1"))
	done, err := s.Commit(context.Background(), &b)
	if err == nil {
		err = done.Wait(context.Background())
	}
	fmt.Println(err)
	_, _ = os.Stdin.Read(make([]byte, 1))
	os.Exit(0) // without Close
}

// TestSecondOpenerInAnotherProcess: the holder is named, and once it is killed
// the directory opens, with what it was told is durable.
func TestSecondOpenerInAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), holdEnv+"="+dir)
	stdin, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 1000)
	n, err := stdout.Read(line)
	if got := strings.TrimSpace(string(line[:n])); err != nil || got != "<nil>" {
		t.Fatalf("the holder says %q, %v", got, err)
	}
	_, err = store.OpenPebble(dir, nil)
	who := fmt.Sprintf("held by process %d (%s)", holder.Process.Pid, filepath.Base(os.Args[0]))
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), who) {
		t.Errorf("%v, want ErrLocked, %s", err, who)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // it was killed
	s := mustOpen(t, dir)
	want(t, s, "a", "1")
	mustClose(t, s)
}

func TestCheckpoint(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	closeAtEnd(t, s)
	mustPut(t, s, "a", "1")
	copied := filepath.Join(t.TempDir(), "new", "copy")
	if err := s.Checkpoint(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	if err := s.Checkpoint(t.Context(), copied); err == nil {
		t.Error("a second checkpoint to the same directory succeeded")
	}
	mustPut(t, s, "a", "2")
	c := mustOpen(t, copied)
	want(t, c, "a", "1")
	mustPut(t, c, "b", "1")
	mustClose(t, c)
	want(t, s, "b", "-")
}

// TestCloseFlushes: reopening replays nothing, and no holder is left.
func TestCloseFlushes(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	mustPut(t, s, "a", "1")
	mustClose(t, s)
	if _, err := os.Stat(filepath.Join(dir, "HOLDER")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("HOLDER after Close: %v", err)
	}
	again := mustOpen(t, dir)
	n, err := again.Size(t.Context(), nil, nil)
	if err != nil || n == 0 {
		t.Errorf("Size = %d, %v: nothing is in a table", n, err)
	}
	mustClose(t, again)
}
