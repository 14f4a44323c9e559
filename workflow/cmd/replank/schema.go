package main

import (
	"github.com/replank/replank/workflow/schema"
)

const schemaUsage = `Usage: replank schema

Prints the JSON Schema of the text form, for editors: what they know of it they complete, explain and underline. In a
file, "# yaml-language-server: $schema=replank.schema.json" in the first line names it.

Exit codes: 0 printed, 2 wrong usage.
`

// schema is the verb schema.
func (t *terminal) schema(args []string) (int, error) {
	f := t.flags("schema", schemaUsage)
	f.Bool("json", false, "as without it: the schema is JSON")
	rest, err := parse(f, args)
	if err != nil {
		return wrong, err
	}
	if err := nothing(rest); err != nil {
		return wrong, err
	}
	_, err = t.stdout.Write(schema.JSONSchema())
	return yes, err
}
