package schema

import (
	"time"

	"github.com/replank/replank/internal/period"
)

// Type is the type of a variable, as written in the text form: "int", "list(string)", the name of a record type.
type Type string

// Types of variables. Decimal and date are not there yet; see the grammar.
const (
	Bool      Type = "bool"
	Int       Type = "int"    // 64 bits, signed
	Double    Type = "double" // IEEE 754, 64 bits
	String    Type = "string"
	Bytes     Type = "bytes"
	Timestamp Type = "timestamp"
	Duration  Type = "duration" // exact time, not a Period
	Dyn       Type = "dyn"      // gives up static checks
)

// List is the type of lists of elem.
func List(elem Type) Type { return "list(" + elem + ")" }

// Map is the type of maps from key to elem.
func Map(key, elem Type) Type { return "map(" + key + ", " + elem + ")" }

// Variable declares a variable.
type Variable struct {
	Name    string
	Type    Type
	Default any    // nil: none. Else bool, a number, string, []any or map[string]any
	Index   bool   // can be searched by value
	Secret  bool   // personal data: not in logs, spans and incidents
	From    string // CEL over the previous version's variables: how a migration fills it; "": by name
	Was     string // its name in earlier versions; "": the same
}

// Field is one field of a record type.
type Field struct {
	Name string
	Type Type
}

// Retry is a retry policy. What is zero has its default: 3 attempts, 1 s, doubled, at most 5 min. The delay before
// attempt n+1 is min(First * Factor^(n-1), Limit).
type Retry struct {
	Max    int           // attempts in all, at least 1; 1 still repeats an attempt that a crash interrupted
	First  time.Duration // delay before the second attempt
	Factor float64       // by which the delay grows each time, at least 1
	Limit  time.Duration // longest delay
}

// Period is an ISO 8601 duration. Years, months and days are added in a calendar, in a zone: 31 January plus one
// month is the last of February.
type Period struct {
	Years, Months, Days int
	Rest                time.Duration
	Work                bool // counts working time only
}

// ParsePeriod reads an ISO 8601 duration without fractions, "P1Y2M10DT2H30M", or one of working time, "P5D working".
func ParsePeriod(s string) (Period, error) {
	p, err := period.Parse(s)
	return Period(p), err
}

// String is the period as ParsePeriod reads it, in its shortest form.
func (p Period) String() string { return period.Period(p).String() }

// From returns the time that lies p after t, where years, months and days are those of the calendar in loc (nil: UTC).
// Without a work calendar every hour is working time.
func (p Period) From(t time.Time, loc *time.Location) time.Time { return period.Period(p).From(t, loc) }

// Record is a record type.
type Record struct {
	Name   string
	Fields []Field
}

// Types are the record types of the process, in the order declared. The slice is the caller's.
func (p *Process) Types() []Record {
	types := make([]Record, len(p.types))
	for i, r := range p.types {
		types[i].Name = r.name.s
		for _, f := range r.fields {
			types[i].Fields = append(types[i].Fields, Field{f.name.s, Type(f.typ.s)})
		}
	}
	return types
}
