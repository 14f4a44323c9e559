package bpmn

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/translate"
	"github.com/replank/replank/workflow/schema"
)

// This file turns the expressions of a file into CEL. One that has no translation does not keep the process from being
// read: a variable stands for it, the finding quotes it, and the process cannot be deployed until somebody decides.

// guard is the condition that an element says, in CEL. Names that are known where it stands are no variables.
func (g *graph) guard(e *element, what, id string, known ...string) string {
	return g.value(e, e.text, what, id, schema.Bool, known...)
}

// value is an expression in CEL, whose variables the process is started with. what and id name the variable that stands for
// one without translation.
func (g *graph) value(e *element, text, what, id string, t schema.Type, known ...string) string {
	cel := g.translated(e, text, what, id, t, known...)
	if !g.options.ControlOnly {
		g.need(e, slices.DeleteFunc(outside(e, reads(cel)), func(name string) bool { return slices.Contains(known, name) })...)
	}
	return cel
}

// translated is an expression in CEL.
func (g *graph) translated(e *element, text, what, id string, t schema.Type, known ...string) string {
	if g.options.ControlOnly {
		return cmp.Or(clean(text, schema.MaxText), "true")
	}
	cel, reason := toCEL(text, g.language(e, text))
	if reason == "" {
		reason = counting(e, cel, known)
	}
	if reason == "" {
		reason = g.mistyped(cel)
	}
	if reason == "" {
		return cel
	}
	name := g.blankFor(what, id, t)
	g.unsettled(e, "open/expression", "write it in CEL, as in amount > 100 && approved", "%q has no translation: %s; the variable %q stands for it", clip(text), reason, name)
	return name
}

// language is what the file says an expression is written in. What it says for all of them counts if it is FEEL or CEL: most
// files name XPath, or what their tool does, and write something else.
func (f *file) language(e *element, text string) string {
	own, all := e.attr("language"), f.root.attr("expressionLanguage")
	if own != "" || translate.Detect(text, "") == translate.JUEL {
		return own
	}
	if l := translate.Detect("", all); l == translate.FEEL || l == translate.CEL {
		return all
	}
	return ""
}

// mistyped is why an expression that can be read cannot be compiled; "" where that is not so, or not known to matter.
func (g *graph) mistyped(cel string) string {
	if g.env == nil {
		return ""
	}
	for _, name := range reads(cel) {
		if g.typed[name] == "" {
			return "" // known in its place only
		}
	}
	if _, issues := g.env.Compile(cel, expr.Type{}); len(issues) > 0 {
		return issues[0].Message
	}
	return ""
}

// missing is a variable that stands for an expression that the file does not give.
func (g *graph) missing(e *element, what, id string, t schema.Type, say string) string {
	if g.options.ControlOnly {
		return "true"
	}
	name := g.blankFor(what, id, t)
	g.unsettled(e, "open/expression", "say it in the file", "%s; the variable %q stands for it", say, name)
	return name
}

// toCEL is an expression in CEL, or the reason why not.
func toCEL(text, language string) (cel, reason string) {
	text = strings.TrimSpace(text)
	from := translate.Detect(text, language)
	out, err := translate.Translate(text, from)
	if wrong := (*translate.Error)(nil); errors.As(err, &wrong) {
		if from == translate.JUEL || from == translate.FEEL {
			return "", from.String() + ": " + wrong.Reason
		}
		return "", wrong.Reason
	} else if err != nil {
		return "", err.Error()
	}
	names, bad := schema.Names(out.CEL)
	if bad != nil {
		return "", bad.Error()
	}
	for _, name := range names {
		if taken(name) {
			return renamed(out.CEL), ""
		}
	}
	return out.CEL, ""
}

var namedIn = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\.?\s*[A-Za-z_][A-Za-z0-9_]*`)

// renamed gives variables of an expression in CEL that are called as something else the names of variableName.
func renamed(cel string) string {
	return namedIn.ReplaceAllStringFunc(cel, func(token string) string {
		if token == "result" || token == "message" {
			return variableName(token)
		}
		return token
	})
}

// words is what an expression says if it is a literal text, or its CEL: a text for a person may be either.
func (g *graph) words(n *node, text string) (cel string, ok bool) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "=") || strings.Contains(text, "${") || strings.Contains(text, "#{") {
		cel, reason := toCEL(text, "")
		return cel, reason == "" && counting(n.element, cel, nil) == ""
	}
	return quote(clean(text, schema.MaxText)), true
}

// quote is a text as a CEL literal.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c < ' ' || 0x7F <= c && c < 0xA0 || c == 0x2028 || c == 0x2029:
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
