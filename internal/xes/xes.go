package xes

import (
	"bufio"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"
)

// Bounds on what is read. They are far above any log seen and far below what
// would hurt; a file beyond them is refused with the line at which it broke one.
const (
	maxTag   = 1 << 20  // bytes from the start of one XML token to its end
	maxCase  = 64 << 20 // bytes of XML of one case
	maxDepth = 32       // elements inside each other
)

// Event is one recorded happening of a case.
type Event struct {
	Name      string    // concept:name, the activity; never empty
	Lifecycle string    // lifecycle:transition, "complete" for most; may be empty
	Resource  string    // org:resource, who did it; may be empty
	Time      time.Time // time:timestamp in the record's own zone (UTC if it names none); zero if absent

	// Attrs are the other attributes of the event by key, as written. Nil if
	// there are none. It belongs to the receiver.
	Attrs map[string]string
}

// Case is one run that was recorded: a trace, in the words of the standard.
type Case struct {
	ID     string  // concept:name; never empty
	Events []Event // in the order of the file, which is the order of happening
}

// Error says where reading a log stopped, and why.
type Error struct {
	Path         string // the file, "" for a reader
	Line, Column int    // both from 1; the place in the unpacked text
	Err          error
}

// Error is "file:line:column: why".
func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("xes: line %d, column %d: %v", e.Line, e.Column, e.Err)
	}
	return fmt.Sprintf("%s:%d:%d: %v", e.Path, e.Line, e.Column, e.Err)
}

// Unwrap is the reason without the place.
func (e *Error) Unwrap() error { return e.Err }

// Open reads the cases of a file, packed by gzip or not: the content decides,
// not the name. The file is opened when the iteration begins and closed when
// it ends. An error ends the iteration; it is the file system's, or an *Error.
func Open(path string) iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(Case{}, err)
			return
		}
		defer f.Close() // read only: nothing to lose
		src := bufio.NewReaderSize(f, 1<<16)
		var r io.Reader = src
		if magic, _ := src.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
			if r, err = gzip.NewReader(src); err != nil {
				yield(Case{}, fmt.Errorf("%s: %w", path, err))
				return
			}
		}
		for c, err := range Read(r) {
			if at := (*Error)(nil); errors.As(err, &at) {
				at.Path = path
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// Read reads the cases of a log from r, which holds plain XML. Each iteration
// reads on from where r stands, so there is one in all. An error ends it and
// is an *Error; cases before it are good.
func Read(r io.Reader) iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		in := &meter{r: bufio.NewReader(r)}
		s := &scanner{in: in, dec: xml.NewDecoder(in)}
		s.dec.CharsetReader = func(label string, _ io.Reader) (io.Reader, error) {
			return nil, fmt.Errorf("the log is in encoding %q: convert it to UTF-8", label)
		}
		err := s.log(func(c Case) bool { return yield(c, nil) })
		if err != nil && !errors.Is(err, errStopped) {
			line, column := s.dec.InputPos()
			yield(Case{}, &Error{Line: line, Column: column, Err: err})
		}
	}
}

// errStopped: the receiver of the cases wants no more.
var errStopped = errors.New("stopped")

// meter hands bytes to the XML decoder and stops it inside of a token or case
// that grows too large; the decoder itself would buffer without end.
type meter struct {
	r     *bufio.Reader
	token int // bytes since the last token ended
	cased int // bytes since the case began; -1 outside of one
}

// ReadByte makes the decoder read through the meter and not through a buffer
// of its own.
func (m *meter) ReadByte() (byte, error) {
	if m.token >= maxTag {
		return 0, fmt.Errorf("one tag or text is longer than %d bytes", maxTag)
	}
	if m.cased >= maxCase {
		return 0, fmt.Errorf("one case is longer than %d bytes", maxCase)
	}
	m.token++
	if m.cased >= 0 {
		m.cased++
	}
	return m.r.ReadByte()
}

// Read is there because the decoder asks for an io.Reader; it reads by ReadByte.
func (m *meter) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := m.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}
