package translate

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"pgregory.net/rapid"
)

// This file draws random expressions of JUEL and FEEL as trees, writes them, and evaluates the trees as the specifications
// say, on values of Go: nil, bool, int64, float64, string, []any, map[string]any. It shares nothing with the translation.

// A tree is an expression: an operator and its operands, or a leaf with its text and, if it is a literal, its value.
type tree struct {
	op    string
	kids  []*tree
	text  string
	value any
}

var errNone = errors.New("no value")

// names of the variables that expressions use; m is a map with the entry k, l a list.
var names = []string{"a", "b", "c", "d", "m", "l"}

// draw draws a tree. wild says that operands are of any type.
func draw(t *rapid.T, lang Language, depth int, want string) *tree {
	if rapid.IntRange(0, 9).Draw(t, "wild") == 0 {
		want = rapid.SampledFrom([]string{"bool", "number", "text", "any"}).Draw(t, "kind")
	}
	node := func(op string, kinds ...string) *tree {
		n := &tree{op: op}
		for _, kind := range kinds {
			n.kids = append(n.kids, draw(t, lang, depth-1, kind))
		}
		return n
	}
	if depth <= 0 || rapid.IntRange(0, 5).Draw(t, "leaf") == 0 {
		return leaf(t, lang, want)
	}
	kind := rapid.SampledFrom([]string{"bool", "number", "text"}).Draw(t, "operands")
	var ops []func() *tree
	add := func(list ...func() *tree) { ops = append(ops, list...) }
	add(func() *tree { return node("?", "bool", want, want) })
	switch want {
	case "bool":
		for _, op := range []string{"==", "!="} {
			add(func() *tree { return node(op, kind, kind) }, func() *tree { return &tree{op: op, kids: []*tree{path(t), {text: "null"}}} })
		}
		for _, op := range []string{"<", "<=", ">", ">="} {
			add(func() *tree { return node(op, "number", "number") })
		}
		for range 3 {
			add(func() *tree { return node("&&", "bool", "bool") }, func() *tree { return node("||", "bool", "bool") })
		}
		add(func() *tree { return node("!", "bool") })
		if lang == JUEL {
			add(func() *tree { return &tree{op: "empty", kids: []*tree{path(t)}} }, func() *tree { return node("equals", "text", "text") })
		} else {
			add(func() *tree { return node("between", "number", "number", "number") },
				func() *tree { return node("in", kind, kind, kind) },
				func() *tree {
					return &tree{op: "some", kids: []*tree{{text: "l"}, node("==", "number", "number")}}
				}, func() *tree {
					return &tree{op: "every", kids: []*tree{{text: "l"}, node("<", "number", "number")}}
				})
		}
	case "number":
		for _, op := range []string{"+", "-", "*"} {
			add(func() *tree { return node(op, "number", "number") })
		}
		add(func() *tree { return node("neg", "number") })
		if lang == JUEL {
			add(func() *tree { return node("/", "number", "number") }, func() *tree { return node("%", "number", "number") })
		}
	case "text":
		if lang == FEEL {
			add(func() *tree { return node("+", "text", "text") })
		}
	}
	return rapid.SampledFrom(ops).Draw(t, "op")()
}

func path(t *rapid.T) *tree {
	return &tree{text: rapid.SampledFrom([]string{"a", "b", "c", "d", "m.k", "l"}).Draw(t, "path")}
}

func leaf(t *rapid.T, lang Language, want string) *tree {
	if rapid.IntRange(0, 2).Draw(t, "variable") > 0 {
		texts := []string{"a", "b", "c", "d", "m.k", "l[0]"}
		if lang == FEEL {
			texts[5] = "l[1]"
		}
		return &tree{text: rapid.SampledFrom(texts).Draw(t, "path")}
	}
	switch want {
	case "bool":
		v := rapid.Bool().Draw(t, "bool")
		return &tree{text: fmt.Sprint(v), value: v}
	case "number":
		if rapid.IntRange(0, 3).Draw(t, "fraction") == 0 {
			v := float64(rapid.IntRange(0, 9).Draw(t, "quarters")) / 4
			return &tree{text: double(v), value: v}
		}
		v := rapid.Int64Range(0, 9).Draw(t, "int")
		return &tree{text: fmt.Sprint(v), value: v}
	case "text":
		v := rapid.SampledFrom([]string{"", "x", "y\"'", "3"}).Draw(t, "text")
		return &tree{text: `"` + strings.ReplaceAll(v, `"`, `\"`) + `"`, value: v}
	}
	return &tree{text: "null"}
}

// write writes a tree, with parentheses wherever they could matter.
func (n *tree) write(t *rapid.T, lang Language) string {
	if n.op == "" {
		return n.text
	}
	var k []string
	for _, kid := range n.kids {
		k = append(k, kid.write(t, lang))
	}
	either := func(a, b string) string {
		if lang == JUEL && rapid.Bool().Draw(t, "spelling") {
			return b
		}
		return a
	}
	binary := map[string][2]string{
		"==": {"==", "eq"}, "!=": {"!=", "ne"}, "<": {"<", "lt"}, "<=": {"<=", "le"}, ">": {">", "gt"}, ">=": {">=", "ge"},
		"&&": {"&&", "and"}, "||": {"||", "or"}, "+": {"+", "+"}, "-": {"-", "-"}, "*": {"*", "*"}, "/": {"/", "div"}, "%": {"%", "mod"},
	}
	op, isBinary := binary[n.op]
	if lang == FEEL {
		op[0] = map[string]string{"==": "=", "&&": "and", "||": "or"}[n.op]
		if op[0] == "" {
			op[0] = n.op
		}
	}
	switch {
	case isBinary:
		return "(" + k[0] + " " + either(op[0], op[1]) + " " + k[1] + ")"
	case n.op == "neg":
		return "(-" + k[0] + ")"
	case n.op == "!" && lang == FEEL:
		return "not(" + k[0] + ")"
	case n.op == "!":
		return "(" + either("!", "not ") + k[0] + ")"
	case n.op == "?" && lang == FEEL:
		return "(if " + k[0] + " then " + k[1] + " else " + k[2] + ")"
	case n.op == "?":
		return "(" + k[0] + " ? " + k[1] + " : " + k[2] + ")"
	case n.op == "empty":
		return "(empty " + k[0] + ")"
	case n.op == "equals":
		return k[0] + ".equals(" + k[1] + ")"
	case n.op == "between":
		return "(" + k[0] + " between " + k[1] + " and " + k[2] + ")"
	case n.op == "in":
		return "(" + k[0] + " in (" + k[1] + ", " + k[2] + "))"
	}
	return "(" + n.op + " a in " + k[0] + " satisfies " + k[1] + ")" // hides the variable a
}

// look finds the value of a leaf.
func (n *tree) look(vars map[string]any) any {
	switch n.text {
	case "m.k":
		return vars["m"].(map[string]any)["k"]
	case "l[0]", "l[1]":
		return vars["l"].([]any)[0]
	}
	if v, isVar := vars[n.text]; isVar {
		return v
	}
	return n.value
}

// juel evaluates a tree as JUEL (JSR 245, sections 1.7 to 1.18).
func (n *tree) juel(vars map[string]any) (any, error) {
	if n.op == "" {
		return n.look(vars), nil
	}
	x, err := n.kids[0].juel(vars)
	if err != nil {
		return nil, err
	}
	switch n.op {
	case "!":
		b, err := toBool(x)
		return !b, err
	case "neg":
		if d, ok := x.(float64); ok {
			return -d, nil
		}
		return arithmetic("-", int64(0), x)
	case "empty":
		switch x := x.(type) {
		case nil:
			return true, nil
		case string:
			return x == "", nil
		case []any:
			return len(x) == 0, nil
		case map[string]any:
			return len(x) == 0, nil
		}
		return false, nil
	case "?", "&&", "||":
		b, err := toBool(x)
		switch {
		case err != nil:
			return nil, err
		case n.op == "?" && b:
			return n.kids[1].juel(vars)
		case n.op == "?":
			return n.kids[2].juel(vars)
		case b == (n.op == "||"):
			return b, nil
		}
		y, err := n.kids[1].juel(vars)
		if err != nil {
			return nil, err
		}
		return toBool(y)
	}
	y, err := n.kids[1].juel(vars)
	if err != nil {
		return nil, err
	}
	switch n.op {
	case "equals":
		s, ok := x.(string)
		if !ok {
			return nil, errNone
		}
		return y == s, nil
	case "==":
		return juelEqual(x, y)
	case "!=":
		same, err := juelEqual(x, y)
		return !same, err
	case "<", "<=", ">", ">=":
		if x == nil || y == nil {
			return x == nil && y == nil && len(n.op) == 2, nil
		}
		return juelOrder(n.op, x, y)
	}
	return arithmetic(n.op, x, y)
}

func toBool(x any) (bool, error) {
	switch x := x.(type) {
	case nil:
		return false, nil
	case bool:
		return x, nil
	case string:
		return strings.EqualFold(x, "true"), nil
	}
	return false, errNone
}

// toNumber coerces to an int64 or a float64.
func toNumber(x any) (any, error) {
	switch x := x.(type) {
	case nil:
		return int64(0), nil
	case int64, float64:
		return x, nil
	case string:
		var n int64
		if _, err := fmt.Sscan(x, &n); err == nil {
			return n, nil
		}
	}
	return nil, errNone
}

func toDouble(x any) float64 {
	if n, ok := x.(int64); ok {
		return float64(n)
	}
	return x.(float64)
}

func arithmetic(op string, x, y any) (any, error) {
	x, errX := toNumber(x)
	y, errY := toNumber(y)
	if errX != nil || errY != nil {
		return nil, errNone
	}
	i, isInt := x.(int64)
	j, isToo := y.(int64)
	if op != "/" && isInt && isToo {
		switch op {
		case "+":
			return i + j, nil
		case "-":
			return i - j, nil
		case "*":
			return i * j, nil
		case "%":
			if j == 0 {
				return nil, errNone
			}
			return i % j, nil
		}
	}
	a, b := toDouble(x), toDouble(y)
	return map[string]float64{"+": a + b, "-": a - b, "*": a * b, "/": a / b, "%": math.Mod(a, b)}[op], nil
}

func juelEqual(x, y any) (bool, error) {
	_, xText := x.(string)
	_, yText := y.(string)
	_, xBool := x.(bool)
	_, yBool := y.(bool)
	switch {
	case x == nil || y == nil:
		return x == nil && y == nil, nil
	case isNumeric(x) && isNumeric(y):
		return toDouble(x) == toDouble(y), nil
	case isNumeric(x) || isNumeric(y):
		a, errA := toNumber(x)
		b, errB := toNumber(y)
		if errA != nil || errB != nil {
			return false, errNone
		}
		return toDouble(a) == toDouble(b), nil
	case xBool || yBool:
		a, errA := toBool(x)
		b, errB := toBool(y)
		return a == b, errors.Join(errA, errB)
	case xText || yText:
		return fmt.Sprint(x) == fmt.Sprint(y), nil
	}
	return fmt.Sprint(x) == fmt.Sprint(y), nil
}

func isNumeric(x any) bool {
	switch x.(type) {
	case int64, float64:
		return true
	}
	return false
}

func juelOrder(op string, x, y any) (any, error) {
	if isNumeric(x) || isNumeric(y) {
		a, errA := toNumber(x)
		b, errB := toNumber(y)
		if errA != nil || errB != nil {
			return nil, errNone
		}
		return inOrder(op, toDouble(a), toDouble(b)), nil
	}
	if a, ok := x.(string); ok {
		return inOrder(op, a, fmt.Sprint(y)), nil
	}
	return nil, errNone
}

func inOrder[T float64 | string](op string, a, b T) bool {
	return map[string]bool{"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]
}

// feel evaluates a tree as FEEL (DMN 1.3, section 10.3.2): nil stands for null, which is also what fails.
func (n *tree) feel(vars map[string]any) any {
	if n.op == "" {
		return n.look(vars)
	}
	x := n.kids[0].feel(vars)
	switch n.op {
	case "!":
		if b, ok := x.(bool); ok {
			return !b
		}
		return nil
	case "neg":
		if d, ok := x.(float64); ok {
			return -d
		}
		return feelNumbers("-", int64(0), x)
	case "?":
		if x == true {
			return n.kids[1].feel(vars)
		}
		return n.kids[2].feel(vars)
	case "some", "every":
		return n.quantified(x, vars)
	}
	y := n.kids[1].feel(vars)
	switch n.op {
	case "&&", "||":
		wins := n.op == "||"
		_, xBool := x.(bool)
		_, yBool := y.(bool)
		switch {
		case x == wins || y == wins:
			return wins
		case xBool && yBool:
			return !wins
		}
		return nil
	case "==":
		return feelEqual(x, y)
	case "!=":
		if same, ok := feelEqual(x, y).(bool); ok {
			return !same
		}
		return nil
	case "between":
		z := n.kids[2].feel(vars)
		return (&tree{op: "&&", kids: []*tree{{value: feelOrder("<=", y, x)}, {value: feelOrder("<=", x, z)}}}).feel(vars)
	case "in":
		z := n.kids[2].feel(vars)
		return (&tree{op: "||", kids: []*tree{{value: feelEqual(x, y)}, {value: feelEqual(x, z)}}}).feel(vars)
	case "<", "<=", ">", ">=":
		return feelOrder(n.op, x, y)
	}
	a, aText := x.(string)
	b, bText := y.(string)
	if aText && bText && n.op == "+" {
		return a + b
	}
	return feelNumbers(n.op, x, y)
}

func (n *tree) quantified(list any, vars map[string]any) any {
	elems, ok := list.([]any)
	if !ok {
		return nil
	}
	inner := map[string]any{}
	for k, v := range vars {
		inner[k] = v
	}
	result := any(n.op == "every")
	for _, e := range elems {
		inner["a"] = e
		each := &tree{op: map[string]string{"every": "&&", "some": "||"}[n.op], kids: []*tree{{value: result}, {value: n.kids[1].feel(inner)}}}
		result = each.feel(nil)
	}
	return result
}

func feelEqual(x, y any) any {
	switch {
	case x == nil || y == nil:
		return x == nil && y == nil
	case isNumeric(x) && isNumeric(y):
		return toDouble(x) == toDouble(y)
	case fmt.Sprintf("%T", x) != fmt.Sprintf("%T", y):
		return nil
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}

func feelOrder(op string, x, y any) any {
	if isNumeric(x) && isNumeric(y) {
		return inOrder(op, toDouble(x), toDouble(y))
	}
	a, aText := x.(string)
	b, bText := y.(string)
	if aText && bText {
		return inOrder(op, a, b)
	}
	return nil
}

func feelNumbers(op string, x, y any) any {
	if !isNumeric(x) || !isNumeric(y) {
		return nil
	}
	v, err := arithmetic(op, x, y)
	if err != nil {
		return nil
	}
	return v
}
