package bpmn

import "strings"

// toCEL takes off an expression what its dialect puts around it: ${...} and #{...} of the unified expression language,
// the = and the operators =, and, or of FEEL, and "return ...;" of a Java condition. What it means beyond that is not
// looked at: that it is then CEL is checked by whoever compiles it.
func toCEL(text string) string {
	s := strings.TrimSpace(text)
	switch {
	case len(s) > 3 && (s[0] == '$' || s[0] == '#') && s[1] == '{' && strings.IndexByte(s, '}') == len(s)-1:
		return strings.TrimSpace(s[2 : len(s)-1])
	case strings.HasPrefix(s, "=") && !strings.HasPrefix(s, "=="):
		return strings.TrimSpace(fromFEEL(s[1:]))
	case strings.HasPrefix(s, "return ") && strings.HasSuffix(s, ";") && strings.Count(s, ";") == 1:
		return strings.TrimSpace(s[len("return ") : len(s)-1])
	}
	return s
}

// fromFEEL replaces the operators of FEEL that CEL writes otherwise, outside of strings.
func fromFEEL(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"':
			n := 1
			for i+n < len(s) && s[i+n] != '"' {
				if s[i+n] == '\\' {
					n++
				}
				n++
			}
			n = min(n+1, len(s)-i)
			b.WriteString(s[i : i+n])
			i += n
		case isWord(c):
			n := 1
			for i+n < len(s) && isWord(s[i+n]) {
				n++
			}
			switch word := s[i : i+n]; word {
			case "and":
				b.WriteString("&&")
			case "or":
				b.WriteString("||")
			default:
				b.WriteString(word)
			}
			i += n
		case strings.IndexByte("<>!=", c) >= 0:
			n := 1
			for i+n < len(s) && s[i+n] == '=' {
				n++
			}
			if op := s[i : i+n]; op == "=" {
				b.WriteString("==")
			} else {
				b.WriteString(op)
			}
			i += n
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

func isWord(c byte) bool {
	return c == '_' || c == '.' || c >= 0x80 || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
