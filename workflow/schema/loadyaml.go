package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// load turns a source into a value. YAML and JSON are told apart by the content: what is valid JSON is read as JSON,
// since YAML's readers disagree with it on tabs and on escapes. It returns nil if there is no value to go on with; then
// there is a fatal finding.
func load(fs *findings, src []byte) *value {
	if len(src) > MaxSize {
		fs.fatal("schema/too-large", mark{}, "", "split the process, or move data out of it", "%d bytes, more than %d", len(src), MaxSize)
		return nil
	}
	if !utf8.Valid(src) {
		fs.fatal("schema/encoding", fs.source.invalid(), "", "save the file as UTF-8", "the text is not UTF-8")
		return nil
	}
	if looksLikeJSON(src, fs.source.name) {
		return loadJSON(fs, src)
	}
	return loadYAML(fs, src)
}

func loadYAML(fs *findings, src []byte) *value {
	text, hidden := hideQuestionMarks(src)
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		fs.fatal("schema/empty", mark{1, 1}, "", `begin with "process: some-id" and "steps:"`, "there is no process in it")
		return nil
	case err != nil:
		fs.yamlSyntax(err)
		return nil
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		fs.yamlSyntax(err)
		return nil
	default:
		fs.fatal("schema/documents", mark{second.Line, second.Column}, "", "put each process into a file of its own", "a second YAML document begins here")
		return nil
	}
	l := yamlLoader{fs: fs, hidden: hidden}
	return l.value(doc.Content[0], 0)
}

// The YAML reader ends a text in [a?, b] at the question mark, although YAML 1.2 does not, and "v?" is how a schema says
// that a result may leave v out. So question marks behind a word are hidden from it: a character of the private use area
// that the source has in no way of writing stands for each, and yamlLoader.word turns it back.
const firstPrivate, lastPrivate = 0xe000, 0xf8ff

var wordAndQuestionMark = regexp.MustCompile(`([A-Za-z0-9_)])\?`)

// hideQuestionMarks returns src with question marks hidden, and what stands for them; "" if they are not hidden.
func hideQuestionMarks(src []byte) (text []byte, hidden string) {
	if !wordAndQuestionMark.Match(src) {
		return src, ""
	}
	low := bytes.ToLower(src)
	for r := rune(firstPrivate); r <= lastPrivate; r++ {
		hidden = string(r)
		if !bytes.Contains(src, []byte(hidden)) && !bytes.Contains(low, fmt.Appendf(nil, "%04x", r)) {
			return wordAndQuestionMark.ReplaceAll(src, []byte("${1}"+hidden)), hidden
		}
	}
	return src, ""
}

// word is the text of a scalar.
func (l *yamlLoader) word(n *yaml.Node) string {
	if l.hidden == "" {
		return n.Value
	}
	return strings.ReplaceAll(n.Value, l.hidden, "?")
}

// A yamlLoader turns nodes of the YAML reader into values and reports what YAML can say and a schema may not.
type yamlLoader struct {
	fs     *findings
	hidden string // stands for question marks; "" if nothing does
	deep   bool   // the nesting limit was reported
}

func (l *yamlLoader) value(n *yaml.Node, depth int) *value {
	v := &value{at: mark{n.Line, n.Column}}
	if depth > maxDepth {
		if !l.deep {
			l.deep = true
			l.fs.fatal("schema/too-deep", v.at, "", "", "values are nested more than %d deep", maxDepth)
		}
		v.refused = true
		return v
	}
	if !l.untagged(n, v.at) {
		if n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode {
			v.shape, v.refused = shapeString, true
			return v
		}
	}
	switch n.Kind {
	case yaml.MappingNode:
		v.shape, v.text = shapeMap, ""
		l.fields(n, v, depth)
	case yaml.SequenceNode:
		v.shape, v.text = shapeList, ""
		for _, item := range n.Content {
			v.items = append(v.items, l.value(item, depth+1))
		}
	case yaml.ScalarNode:
		l.scalar(n, v)
	}
	return v
}

func (l *yamlLoader) fields(n *yaml.Node, v *value, depth int) {
	first := make(map[string]mark, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		at := mark{k.Line, k.Column}
		switch {
		case k.Kind != yaml.ScalarNode:
			l.untagged(k, at)
			l.fs.fatal("schema/key", at, "", "", "a key must be a plain word")
			continue
		case k.Value == "<<" && k.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0:
			l.fs.fatal("schema/merge", at, "", "write the keys out", "merge keys are not allowed")
			continue
		case !l.untagged(k, at):
			continue
		}
		key := l.word(k)
		if before, twice := first[key]; twice {
			l.fs.fatal("schema/duplicate-key", at, "", "remove one of the two", "the key %q stands here a second time, first in line %d", clip(key), before.line)
			continue
		}
		first[key] = at
		item := l.value(n.Content[i+1], depth+1)
		if n.Style&yaml.FlowStyle != 0 {
			i += 2 * l.torn(n.Content[i+1:], item)
		}
		v.fields = append(v.fields, entry{key, at, item})
	}
}

func (l *yamlLoader) scalar(n *yaml.Node, v *value) {
	v.shape, v.text = shapeString, l.word(n)
	plain := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	v.cut = plain && n.LineComment != ""
	if len(n.Value) > MaxText {
		l.fs.fatal("schema/too-large", v.at, "", "", "a text of %d bytes, more than %d", len(n.Value), MaxText)
		v.text, v.refused = "", true
		return
	}
	if !plain {
		return
	}
	switch n.ShortTag() {
	case "!!null":
		v.shape, v.text = shapeNull, ""
	case "!!bool":
		v.shape, v.number = shapeBool, strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		var x any
		if err := n.Decode(&x); err != nil {
			return
		}
		switch x := x.(type) {
		case int:
			v.shape, v.number = shapeInt, int64(x)
		case int64:
			v.shape, v.number = shapeInt, x
		case uint64:
			v.shape, v.number = shapeInt, x
		case float64:
			if !math.IsInf(x, 0) && !math.IsNaN(x) {
				v.shape, v.number = shapeDouble, x
			}
		}
	}
}

// untagged reports tags, anchors and aliases. What looks like one is most often an expression that lacks quotes.
func (l *yamlLoader) untagged(n *yaml.Node, at mark) bool {
	what := ""
	switch {
	case n.Kind == yaml.AliasNode:
		what = fmt.Sprintf("an alias (%q)", "*"+clip(n.Value))
	case n.Style&yaml.TaggedStyle != 0:
		what = fmt.Sprintf("a tag (%q)", clip(n.Tag))
	case n.Anchor != "":
		what = fmt.Sprintf("an anchor (%q)", "&"+clip(n.Anchor))
	default:
		return true
	}
	hint := "tags, anchors and aliases are not allowed; write the value out"
	if at.line > 0 && at.line <= len(l.fs.source.lines) {
		line := []rune(l.fs.source.lines[at.line-1])
		if rest := strings.TrimSpace(string(line[min(at.col-1, len(line)):])); rest != "" && !strings.HasPrefix(rest, "!!") {
			hint = "if this is an expression, quote it: " + quoteYAML(clip(withinFlow(rest)))
		}
	}
	l.fs.fatal("schema/tag", at, "", hint, "YAML reads this as %s", what)
	return false
}
