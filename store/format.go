package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Format numbers what a store directory looks like: its files, and the Pebble
// format below. It rises with every durable change, one constant for each, and
// never in the course of opening: a release reads and writes the formats up to
// its own as they are.
//
// Records have format versions of their own.
type Format uint32

const (
	// FormatFirst: the files REPLANK, HOLDER and LOCK beside a Pebble v2.1
	// database of its format 24 (value separation).
	FormatFirst Format = 1

	// FormatNewest is what this release creates, and the newest it opens.
	FormatNewest = FormatFirst
)

// The files of a store directory that are not Pebble's.
const (
	formatFile = "REPLANK"     // the format; see encodeFormat
	formatTemp = "REPLANK.tmp" // being written
	holderFile = "HOLDER"      // who has the directory open
	lockFile   = "LOCK"        // Pebble's; locked, never read
)

const formatMagic = "replank store"

// encodeFormat is the content of the format file, text for people to read:
//
//	replank store
//	format 1
//	state complete
//
// The state is "creating" until Pebble has made its files: then, and only then,
// an empty directory is no sign of loss.
func encodeFormat(f Format, creating bool) []byte {
	state := "complete"
	if creating {
		state = "creating"
	}
	return fmt.Appendf(nil, "%s\nformat %d\nstate %s\n", formatMagic, f, state)
}

var errFormatText = errors.New("is not the format file of a store")

// decodeFormat reads a format file. Later formats may add lines; the first two
// stay as they are.
func decodeFormat(text []byte) (f Format, creating bool, err error) {
	lines := strings.Split(string(text), "\n")
	if len(lines) < 2 || lines[0] != formatMagic {
		return 0, false, errFormatText
	}
	number, ok := strings.CutPrefix(lines[1], "format ")
	n, err := strconv.ParseUint(number, 10, 32)
	if !ok || err != nil || n == 0 {
		return 0, false, errFormatText
	}
	if Format(n) > FormatNewest {
		return Format(n), false, nil
	}
	if len(lines) != 4 || lines[3] != "" {
		return 0, false, errFormatText
	}
	switch lines[2] {
	case "state complete":
		return Format(n), false, nil
	case "state creating":
		return Format(n), true, nil
	}
	return 0, false, errFormatText
}

// Contents beyond this are no format file and no holder file.
const maxTextFile = 4 << 10

// readText returns the content of a small file. The error of a missing one is
// fs.ErrNotExist.
func readText(fsys vfs.FS, path string) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var b bytes.Buffer
	if _, err := io.Copy(&b, io.LimitReader(f, maxTextFile+1)); err != nil {
		return nil, err
	}
	if b.Len() > maxTextFile {
		return nil, fmt.Errorf("%s is longer than %d bytes", path, maxTextFile)
	}
	return b.Bytes(), nil
}

// readFormat looks at the directory without touching it. fresh: it is missing,
// or empty of everything but what a crash during creation leaves.
func readFormat(fsys vfs.FS, dir string) (f Format, creating, fresh bool, err error) {
	path := fsys.PathJoin(dir, formatFile)
	text, err := readText(fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, true, checkEmpty(fsys, dir)
	}
	if err != nil {
		return 0, false, false, fmt.Errorf("store: open %s: %w", dir, err)
	}
	f, creating, err = decodeFormat(text)
	switch {
	case err != nil:
		return 0, false, false, fmt.Errorf("%w: %s %w: restore it from a copy of the directory", ErrCorrupt, path, err)
	case f > FormatNewest:
		return 0, false, false, fmt.Errorf("%w: %s has store format %d, this release knows up to %d: open it with the release that wrote it, or a newer one",
			ErrNewerFormat, dir, f, FormatNewest)
	}
	return f, creating, false, nil
}

// checkEmpty makes sure that a store may be created in dir.
func checkEmpty(fsys vfs.FS, dir string) error {
	names, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("store: open %s: %w", dir, err)
	}
	for _, name := range names {
		switch name {
		case formatTemp, holderFile, lockFile, "lost+found":
		default:
			return fmt.Errorf("%w: %s holds %q and no %s file: give an empty or a new directory", ErrNotStore, dir, name, formatFile)
		}
	}
	return nil
}

// writeFormat replaces the format file; it survives a crash when it returns.
func writeFormat(fsys vfs.FS, dir string, f Format, creating bool) error {
	temp := fsys.PathJoin(dir, formatTemp)
	if err := writeText(fsys, temp, encodeFormat(f, creating)); err != nil {
		return err
	}
	if err := fsys.Rename(temp, fsys.PathJoin(dir, formatFile)); err != nil {
		return err
	}
	return syncDir(fsys, dir)
}

func writeText(fsys vfs.FS, path string, text []byte) error {
	w, err := fsys.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	if err == nil {
		err = w.Sync()
	}
	if e := w.Close(); err == nil {
		err = e
	}
	return err
}

func syncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}
