package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// looksLikeJSON reports whether a source is to be read as JSON.
func looksLikeJSON(src []byte, name string) bool {
	if strings.EqualFold(path.Ext(name), ".json") {
		return true
	}
	trimmed := bytes.TrimLeft(src, " \t\r\n")
	return len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(trimmed)
}

func loadJSON(fs *findings, src []byte) *value {
	l := jsonLoader{fs: fs, src: src, line: 1, col: 1}
	l.decoder = json.NewDecoder(bytes.NewReader(src))
	l.decoder.UseNumber()
	v, err := l.value(0)
	if err == nil {
		if _, err = l.decoder.Token(); errors.Is(err, io.EOF) {
			return v
		}
		if err == nil {
			fs.fatal("schema/syntax", l.here(), "", "put each process into a file of its own", "text follows the end of the JSON value")
			return nil
		}
	}
	if errors.Is(err, errDeep) {
		return nil
	}
	at := l.end()
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = l.position(int(syntax.Offset) - 1)
	}
	message := err.Error()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		message = "the text ends too early"
	}
	fs.fatal("schema/syntax", at, "", "", "not JSON: %s", message)
	return nil
}

var errDeep = errors.New("nested too deep")

// A jsonLoader turns the tokens of encoding/json into values with positions. A token begins after the white space,
// commas and colons that follow the one before.
type jsonLoader struct {
	fs        *findings
	src       []byte
	decoder   *json.Decoder
	offset    int // line and col are those of src[offset]
	line, col int
}

// position returns the line and column of a byte of the source. Offsets must not decrease from call to call.
func (l *jsonLoader) position(offset int) mark {
	offset = min(max(offset, l.offset), len(l.src))
	for l.offset < offset {
		if l.src[l.offset] == '\n' {
			l.offset++
			l.line, l.col = l.line+1, 1
			continue
		}
		_, size := utf8.DecodeRune(l.src[l.offset:])
		l.offset += size
		l.col++
	}
	return mark{l.line, l.col}
}

// here is the place of the next token.
func (l *jsonLoader) here() mark {
	i := int(l.decoder.InputOffset())
	for i < len(l.src) && strings.IndexByte(" \t\r\n,:", l.src[i]) >= 0 {
		i++
	}
	return l.position(i)
}

func (l *jsonLoader) end() mark { return l.position(int(l.decoder.InputOffset())) }

func (l *jsonLoader) value(depth int) (*value, error) {
	v := &value{at: l.here()}
	if depth > maxDepth {
		l.fs.fatal("schema/too-deep", v.at, "", "", "values are nested more than %d deep", maxDepth)
		return nil, errDeep
	}
	token, err := l.decoder.Token()
	if err != nil {
		return nil, err
	}
	switch x := token.(type) {
	case json.Delim:
		if x == '{' {
			v.shape = shapeMap
			return v, l.fields(v, depth)
		}
		v.shape = shapeList
		for l.decoder.More() {
			item, err := l.value(depth + 1)
			if err != nil {
				return nil, err
			}
			v.items = append(v.items, item)
		}
		_, err = l.decoder.Token()
		return v, err
	case bool:
		v.shape, v.text, v.number = shapeBool, strconv.FormatBool(x), x
	case json.Number:
		v.text = x.String()
		v.setNumber()
	case string:
		v.shape, v.text = shapeString, x
		if len(x) > MaxText {
			l.fs.fatal("schema/too-large", v.at, "", "", "a text of %d bytes, more than %d", len(x), MaxText)
			v.text, v.refused = "", true
		}
	}
	return v, nil
}

func (l *jsonLoader) fields(v *value, depth int) error {
	first := map[string]mark{}
	for l.decoder.More() {
		at := l.here()
		token, err := l.decoder.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		item, err := l.value(depth + 1)
		if err != nil {
			return err
		}
		if before, twice := first[key]; twice {
			l.fs.fatal("schema/duplicate-key", at, "", "remove one of the two", "the key %q stands here a second time, first in line %d", clip(key), before.line)
			continue
		}
		first[key] = at
		v.fields = append(v.fields, entry{key, at, item})
	}
	_, err := l.decoder.Token()
	return err
}

// setNumber gives a value the number that its text says in JSON's notation; what no number can hold stays text.
func (v *value) setNumber() {
	v.shape = shapeString
	if !strings.ContainsAny(v.text, ".eE") {
		if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
			v.shape, v.number = shapeInt, n
			return
		}
		if n, err := strconv.ParseUint(v.text, 10, 64); err == nil {
			v.shape, v.number = shapeInt, n
			return
		}
	}
	if x, err := strconv.ParseFloat(v.text, 64); err == nil && !math.IsInf(x, 0) {
		v.shape, v.number = shapeDouble, x
	}
}
