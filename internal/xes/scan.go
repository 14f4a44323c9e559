package xes

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"time"
)

// scanner walks the elements of a log. Every method that is named after an
// element is called with its start tag read and returns with its end tag read.
type scanner struct {
	in    *meter
	dec   *xml.Decoder
	depth int // open elements
}

// next is the next start or end tag.
func (s *scanner) next() (xml.Token, error) {
	for {
		s.in.token = 0
		tok, err := s.dec.Token()
		if err != nil {
			return nil, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if s.depth++; s.depth > maxDepth {
				return nil, fmt.Errorf("<%s> is nested deeper than %d elements", t.Name.Local, maxDepth)
			}
			return t, nil
		case xml.EndElement:
			s.depth--
			return t, nil
		case xml.Directive:
			return nil, errors.New("document type definitions are not read: remove the <!...> at the top of the file")
		}
	}
}

// skip passes over the rest of the element whose start tag was read.
func (s *scanner) skip() error {
	for outside := s.depth - 1; s.depth > outside; {
		if _, err := s.next(); err != nil {
			return err
		}
	}
	return nil
}

// children calls fn for each child of the element whose start tag was read.
func (s *scanner) children(fn func(xml.StartElement) error) error {
	for {
		tok, err := s.next()
		if err != nil {
			return err
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			return nil
		}
		if err := fn(start); err != nil {
			return err
		}
	}
}

func (s *scanner) log(yield func(Case) bool) error {
	s.in.cased = -1
	tok, err := s.next()
	if errors.Is(err, io.EOF) {
		return errors.New("no XML in it: expected <log>")
	}
	if err != nil {
		return err
	}
	// The first tag that the decoder returns is a start tag: it checks nesting.
	if start := tok.(xml.StartElement); start.Name.Local != "log" {
		return fmt.Errorf("expected <log>, found <%s>: this is not an event log in XES", start.Name.Local)
	}
	err = s.children(func(start xml.StartElement) error {
		switch start.Name.Local {
		case "trace":
			c, err := s.trace()
			if err == nil && !yield(c) {
				err = errStopped
			}
			return err
		case "event":
			return errors.New("<event> outside of a <trace>: it belongs to no case")
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	if _, err := s.next(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("an element after the end of the log")
		}
		return err
	}
	return nil
}

func (s *scanner) trace() (Case, error) {
	s.in.cased = 0
	defer func() { s.in.cased = -1 }()
	var c Case
	named := false
	err := s.children(func(start xml.StartElement) error {
		switch start.Name.Local {
		case "event":
			e, err := s.event()
			c.Events = append(c.Events, e)
			return err
		case "trace":
			return errors.New("<trace> inside of a <trace>")
		}
		if key, value, ok := attribute(start); ok && key == "concept:name" {
			if named {
				return errors.New("the case has concept:name twice")
			}
			c.ID, named = value, true
		}
		return s.skip()
	})
	if err == nil && c.ID == "" {
		err = errors.New("a case without concept:name: nothing tells it from the others")
	}
	return c, err
}

func (s *scanner) event() (Event, error) {
	var e Event
	seen := map[string]bool{}
	err := s.children(func(start xml.StartElement) error {
		switch start.Name.Local {
		case "event", "trace":
			return fmt.Errorf("<%s> inside of an <event>", start.Name.Local)
		}
		key, value, ok := attribute(start)
		if ok {
			if seen[key] {
				return fmt.Errorf("the event has %q twice", key)
			}
			seen[key] = true
			if err := e.set(key, value); err != nil {
				return err
			}
		}
		return s.skip()
	})
	if err == nil && e.Name == "" {
		err = errors.New("an event without concept:name: nothing says which activity it is of")
	}
	return e, err
}

func (e *Event) set(key, value string) (err error) {
	switch key {
	case "concept:name":
		e.Name = value
	case "lifecycle:transition":
		e.Lifecycle = value
	case "org:resource":
		e.Resource = value
	case "time:timestamp":
		e.Time, err = moment(value)
	default:
		if e.Attrs == nil {
			e.Attrs = map[string]string{}
		}
		e.Attrs[key] = value
	}
	return err
}

// attribute is the key and value of an attribute that has one value; lists and
// containers, which have not, are not ok.
func attribute(start xml.StartElement) (key, value string, ok bool) {
	switch start.Name.Local {
	case "string", "date", "int", "float", "boolean", "id":
	default:
		return "", "", false
	}
	for _, a := range start.Attr {
		switch a.Name.Local {
		case "key":
			key = a.Value
		case "value":
			value = a.Value
		}
	}
	return key, value, key != ""
}

// layouts are xs:dateTime with its zone, as some writers shorten it, and
// without, which this package takes as UTC. Fractions of a second may follow
// the seconds of each.
var layouts = []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05"}

func moment(value string) (time.Time, error) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, value); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("time:timestamp is %q: expected a moment as in 2011-10-11T13:45:40.276+02:00", value)
}
