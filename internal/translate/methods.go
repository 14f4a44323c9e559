package translate

import "strconv"

// This file reads the calls of JUEL and of conditions in no named language. A method of a Java text or list that has the
// same meaning in CEL is translated, what a bean does cannot be.

// unquoted is the content of a text that literal wrote.
func unquoted(s string) string {
	text, err := strconv.Unquote(s)
	if err != nil {
		return s
	}
	return text
}

// contexts are the names by which engines call the execution, whose getVariable gives a variable.
var contexts = map[string]bool{"execution": true, "kcontext": true, "delegateExecution": true, "task": true}

// otherwise says why a method is not translated.
var otherwise = map[string]string{
	"length": "length() counts UTF-16 units, CEL characters", "matches": "matches() takes a regular expression of Java",
	"equalsIgnoreCase": "equalsIgnoreCase() folds case as Java does", "toLowerCase": "toLowerCase() folds case as Java does",
	"toUpperCase": "toUpperCase() folds case as Java does", "compareTo": "compareTo() gives a number that CEL has not",
}

// method is of.name(args).
func (p *parser) method(of term, name token, args []term) term {
	if p.err != nil {
		return of
	}
	switch n := len(args); {
	case name.text == "equals" && n == 1:
		p.foreign = true
		p.want(of, String)
		p.want(args[0], String)
		return p.made(of.pos, Bool, relation, of.within(sum), " == ", args[0].within(sum))
	case (name.text == "contains" || name.text == "startsWith" || name.text == "endsWith") && n == 1:
		p.want(of, String)
		p.want(args[0], String)
		return p.made(of.pos, Bool, postfix, of.within(postfix), ".", name.text, "(", args[0].text, ")")
	case name.text == "isEmpty" && n == 0:
		p.foreign = true
		return p.made(of.pos, Bool, relation, "size(", of.text, ") == 0")
	case name.text == "size" && n == 0:
		if p.lang == JUEL { // CEL's also takes texts and maps
			p.want(of, List)
		}
		return p.made(of.pos, Int, postfix, "size(", of.text, ")")
	case otherwise[name.text] != "":
		p.fail(name.pos, "%s", otherwise[name.text])
	default:
		p.fail(name.pos, "%s() is a method of a Java object", clip(name.text))
	}
	return of
}

// variableOf reads getVariable("name") of an execution, whose name was just read.
func (p *parser) variableOf(execution token) (t term, ok bool) {
	name := p.peek(3)
	if !contexts[execution.text] || p.peek(0).text != "." || p.peek(1).text != "getVariable" || p.peek(2).text != "(" ||
		name.kind != quoted || p.peek(4).text != ")" || p.peek(4).kind != mark {
		return term{}, false
	}
	p.at += 5
	p.foreign = true
	return p.variable(token{kind: word, text: name.text, pos: name.pos}), true
}

// call is a function.
func (p *parser) call(name token) term {
	args := []term{}
	if p.is("(") {
		args = p.arguments()
	}
	if p.lang == Plain && len(args) <= 1 {
		switch {
		case name.text == "eval" && len(args) == 1: // Drools: a condition
			p.foreign = true
			return args[0]
		case (name.text == "true" || name.text == "false") && len(args) == 0: // XPath
			p.foreign = true
			return p.truth(name, name.text == "true")
		}
	}
	p.fail(name.pos, "there is no function %s() in CEL", clip(name.text))
	return term{of: &class{}}
}
