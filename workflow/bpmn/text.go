package bpmn

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// declaration finds the encoding that an XML declaration names.
var declaration = regexp.MustCompile(`^<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']`)

// decode returns a file as UTF-8 without a byte order mark. It knows UTF-8, UTF-16 with a byte order mark, and, where
// the XML declaration names them, US-ASCII, ISO 8859-1 and Windows-1252. encoding is the name of one that it does not
// know, else "".
func decode(src []byte) (text []byte, encoding string) {
	switch {
	case bytes.HasPrefix(src, []byte{0xEF, 0xBB, 0xBF}):
		return src[3:], ""
	case bytes.HasPrefix(src, []byte{0xFE, 0xFF}):
		return decode16(src[2:], binary.BigEndian), ""
	case bytes.HasPrefix(src, []byte{0xFF, 0xFE}):
		return decode16(src[2:], binary.LittleEndian), ""
	}
	named := declaration.FindSubmatch(src)
	if named == nil {
		return src, ""
	}
	switch name := strings.ToLower(string(named[1])); name {
	case "utf-8", "utf8":
		return src, ""
	case "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252", "cp1252":
		return decode8(src), ""
	default:
		return nil, string(named[1])
	}
}

func decode16(src []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, len(src)/2)
	for i := range units {
		units[i] = order.Uint16(src[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

// windows1252 are the characters 0x80 to 0x9F, which ISO 8859-1 uses for control characters that no XML holds.
var windows1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8D, 'Ž', 0x8F,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9D, 'ž', 'Ÿ',
}

func decode8(src []byte) []byte {
	text := make([]byte, 0, len(src)+len(src)/8)
	for _, b := range src {
		r := rune(b)
		if 0x80 <= b && b < 0xA0 {
			r = windows1252[b-0x80]
		}
		text = utf8.AppendRune(text, r)
	}
	return text
}

// clean makes one line of a text of the file: white space and control characters become single spaces. What is longer
// than most bytes is cut at a character.
func clean(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7F || r == utf8.RuneError }), " ")
	if len(s) <= most {
		return s
	}
	s = s[:most]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return strings.TrimSpace(s)
}

// clip shortens a text for a message.
func clip(s string) string {
	if t := clean(s, 60); len(t) < len(clean(s, 64)) {
		return t + "..."
	}
	return clean(s, 64)
}
