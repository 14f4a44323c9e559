package expr

import (
	"errors"
	"strings"
)

// reservedWords cannot name anything in an expression: they are literals and keywords of CEL, or words that its
// specification keeps for other languages that CEL may be embedded in (language definition, "Syntax", RESERVED).
var reservedWords = map[string]bool{
	"true": true, "false": true, "null": true, "in": true,
	"as": true, "break": true, "const": true, "continue": true, "else": true, "for": true, "function": true, "if": true,
	"import": true, "let": true, "loop": true, "package": true, "namespace": true, "return": true, "var": true,
	"void": true, "while": true,
}

// typeWords are identifiers that denote types inside an expression.
var typeWords = map[string]bool{
	"bool": true, "int": true, "uint": true, "double": true, "string": true, "bytes": true, "list": true, "map": true,
	"null_type": true, "type": true, "dyn": true, "timestamp": true, "duration": true, "google": true,
}

func isIdentifierByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isIdentifier reports whether s is an ASCII letter or underscore followed by letters, digits and underscores.
func isIdentifier(s string) bool {
	if s == "" || '0' <= s[0] && s[0] <= '9' {
		return false
	}
	for i := range len(s) {
		if !isIdentifierByte(s[i]) {
			return false
		}
	}
	return true
}

// CheckVarName returns why s cannot be the name of a variable, or nil.
func CheckVarName(s string) error { return refusal(reservedVarName(s)) }

// CheckFieldName returns why s cannot be the name of a field, so that only x["s"] selects it, or nil.
func CheckFieldName(s string) error { return refusal(reservedFieldName(s)) }

func refusal(reason string) error {
	if reason == "" {
		return nil
	}
	return errors.New(reason)
}

// reservedFieldName says why s cannot name a field, or "".
func reservedFieldName(s string) string {
	if !isIdentifier(s) {
		return "a name is letters, digits and underscores, and does not begin with a digit"
	}
	if reservedWords[s] {
		return "it is a reserved word of the expression language"
	}
	return ""
}

// reservedTypeName says why s cannot name a record, or "".
func reservedTypeName(s string) string {
	if reason := reservedFieldName(s); reason != "" {
		return reason
	}
	if _, ok := laterTypes[s]; ok || typeWords[s] {
		return "it is the name of a type"
	}
	return ""
}

// reservedVarName says why s cannot name a variable, or "". A variable of a subprocess may have a dotted name.
func reservedVarName(s string) string {
	parts := strings.Split(s, ".")
	for _, part := range parts {
		if reason := reservedFieldName(part); reason != "" {
			return reason
		}
	}
	if typeWords[parts[0]] && parts[0] != "timestamp" && parts[0] != "duration" {
		return "it is the name of a type"
	}
	return ""
}
