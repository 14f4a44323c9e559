package translate

import (
	"slices"
	"strings"
)

// This file has the built-in functions of FEEL (DMN 1.3, section 10.3.4) that CEL has too.

// functions are the translated ones by name. Each takes and checks its arguments; a nil one is refused for the reason in
// refused.
var functions = map[string]func(p *parser, at token, args []term) term{
	"not": func(p *parser, at token, args []term) term { return p.not(args[0]) },
	"count": func(p *parser, at token, args []term) term {
		p.want(args[0], List)
		return p.made(at.pos, Int, postfix, "size(", args[0].text, ")")
	},
	"string length": func(p *parser, at token, args []term) term {
		p.want(args[0], String)
		return p.made(at.pos, Int, postfix, "size(", args[0].text, ")")
	},
	"is empty": func(p *parser, at token, args []term) term {
		p.want(args[0], List)
		return p.made(at.pos, Bool, relation, "size(", args[0].text, ") == 0")
	},
	"list contains": func(p *parser, at token, args []term) term {
		p.want(args[0], List)
		return p.contains(args[1], args[0])
	},
	"contains":    textual("contains"),
	"starts with": textual("startsWith"),
	"ends with":   textual("endsWith"),
	"get or else": func(p *parser, at token, args []term) term {
		if !args[0].bare {
			p.fail(args[0].pos, "null is looked for in something that is no variable")
		}
		p.same(args[0], args[1])
		made := p.made(at.pos, Any, choice, args[0].text, " == null ? ", loose(args[1]), " : ", args[0].text)
		made.of = args[0].of
		return made
	},
	"abs": func(p *parser, at token, args []term) term {
		p.want(args[0], Number)
		made := p.made(at.pos, Any, postfix, "math.abs(", args[0].text, ")")
		made.of = args[0].of
		return made
	},
}

// arities are how many arguments the functions take.
var arities = map[string]int{
	"not": 1, "count": 1, "string length": 1, "is empty": 1, "list contains": 2, "contains": 2, "starts with": 2, "ends with": 2,
	"get or else": 2, "abs": 1,
}

func textual(method string) func(p *parser, at token, args []term) term {
	return func(p *parser, at token, args []term) term {
		p.want(args[0], String)
		p.want(args[1], String)
		return p.made(at.pos, Bool, postfix, args[0].within(postfix), ".", method, "(", args[1].text, ")")
	}
}

// refused are functions that are known and not translated.
var refused = map[string]string{
	"now": "CEL has no clock", "today": "CEL has no clock",
	"date": "dates are written otherwise in CEL", "time": "times are written otherwise in CEL",
	"date and time": "dates are written otherwise in CEL", "duration": "durations are written otherwise in CEL",
	"years and months duration": "durations are written otherwise in CEL",
	"string":                    "FEEL writes decimals otherwise than CEL writes doubles",
	"number":                    "FEEL reads decimals, CEL doubles",
	"sum":                       "CEL has no sums over lists", "mean": "CEL has no averages over lists",
	"min": "FEEL takes texts and null, too, CEL numbers only", "max": "FEEL takes texts and null, too, CEL numbers only",
	"floor": "FEEL takes integers, too, CEL doubles only", "ceiling": "FEEL takes integers, too, CEL doubles only",
	"modulo": "FEEL's takes the sign of the divisor, CEL's of the dividend", "is defined": "a variable is always there in CEL",
	"upper case": "FEEL folds case as Java does", "lower case": "FEEL folds case as Java does",
	"matches": "FEEL takes regular expressions of XPath", "replace": "FEEL takes regular expressions of XPath",
	"substring": "FEEL counts from 1, and from the end", "string join": "CEL has no such function", "append": "CEL has no such function",
	"concatenate": "CEL has no such function", "split": "FEEL takes regular expressions of XPath",
}

// longest is the number of words in the longest name of a function.
const longest = 4

// function is the name of the function that a word begins, which was just read, and of how many words it is; 0 if it
// begins none.
func (p *parser) function(first token) (name string, words int) {
	parts := []string{first.text}
	for n := 0; n < longest; n++ {
		next := p.peek(n)
		switch {
		case next.kind == mark && next.text == "(":
			name = strings.Join(parts, " ")
			if functions[name] != nil || refused[name] != "" || len(parts) == 1 && !keywords[name] {
				return name, len(parts)
			}
			return "", 0
		case next.kind != word:
			return "", 0
		}
		parts = append(parts, next.text)
	}
	return "", 0
}

// invoke reads the arguments of a function.
func (p *parser) invoke(at token, name string) term {
	p.expect("(")
	var args []term
	for p.err == nil && !p.take(")") {
		if len(args) > 0 {
			p.expect(",")
		}
		args = append(args, p.formula())
	}
	none := term{of: &class{}}
	switch {
	case p.err != nil:
		return none
	case refused[name] != "":
		p.fail(at.pos, "%s(): %s", name, refused[name])
		return none
	case functions[name] == nil:
		p.fail(at.pos, "there is no function %s() in CEL", clip(name))
		return none
	case len(args) != arities[name]:
		p.fail(at.pos, "%s() takes %d arguments here, not %d", name, arities[name], len(args))
		return none
	case slices.ContainsFunc(args, func(t term) bool { return t.null }):
		p.fail(at.pos, "null is given to %s(): CEL fails there", name)
		return none
	}
	return functions[name](p, at, args)
}
