package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// unique refuses JSON in which an object has a key twice: which of the two is meant nobody can tell. src is right
// otherwise.
func unique(src []byte) error {
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	var open []map[string]bool // the keys of the objects around, nil for an array
	key := false               // whether a key may come
	for {
		t, err := d.Token()
		if err != nil {
			return nil // the end
		}
		in := len(open) > 0 && open[len(open)-1] != nil
		switch t := t.(type) {
		case json.Delim:
			switch t {
			case '{':
				open = append(open, map[string]bool{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
			key = len(open) > 0 && open[len(open)-1] != nil
			continue
		case string:
			if in && key {
				if open[len(open)-1][t] {
					return fmt.Errorf("line %d: %q is there twice", 1+bytes.Count(src[:d.InputOffset()], []byte("\n")), t)
				}
				open[len(open)-1][t], key = true, false
				continue
			}
		}
		key = in
	}
}
