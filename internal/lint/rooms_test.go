package lint

// A room is a package, and what its own files may import. What is not in this
// table is not part of the architecture: adding a package means adding a line
// here, and that is the moment to ask whether its code belongs in one of the
// rooms that exist.
type room struct {
	imports []string // rooms of this module
	outside []string // modules of others, by path prefix; tests are free except for owned modules
	pure    bool     // no clock, chance, concurrency, I/O, nor order of a map
	later   bool     // planned: absent so far
}

// rooms is the drawing of the architecture, lowest first:
//
//	examples, workflow/cmd -> workflow -> migrate -> internal/kernel -> workflow/schema, workflow/history
//	                          workflow -> tenant -> store             workflow/schema -> internal/program -> internal/petri, internal/expr
//	                          workflow -> store
var rooms = map[string]room{
	".": {},

	// Things that know nothing of processes.
	"internal/nearest":    {pure: true},
	"internal/randschema": {pure: true},
	"internal/randtest":   {outside: []string{"pgregory.net/rapid"}},
	"internal/period":     {pure: true},
	"internal/keys":       {outside: []string{"github.com/oklog/ulid/v2"}, pure: true},
	"internal/petri":      {pure: true},
	"internal/expr":       {imports: []string{"internal/nearest"}, outside: []string{celGo}, pure: true},
	"internal/ltlf":       {imports: []string{"internal/nearest"}, pure: true},
	"internal/xes":        {},
	"internal/typed":      {imports: []string{"workflow/schema", "internal/program"}, pure: true},
	"internal/translate":  {imports: []string{"internal/expr"}, pure: true},
	"internal/layout":     {pure: true},

	// A schema, and what an instance has done.
	"internal/program": {imports: []string{"internal/petri", "internal/expr", "internal/period", "internal/ltlf"}, pure: true},
	"workflow/history": {pure: true},
	"workflow/schema": {
		imports: []string{"internal/program", "internal/petri", "internal/expr", "internal/period", "internal/nearest", "internal/ltlf"},
		outside: []string{"go.yaml.in/yaml/v3"},
	},

	// One instance as a pure state machine, its records, its moves.
	"internal/kernel": {
		imports: []string{"workflow/history", "internal/program", "internal/petri", "internal/expr", "internal/period", "internal/nearest", "internal/ltlf"},
		pure:    true,
	},
	"internal/codec": {
		imports: []string{"internal/kernel", "internal/keys", "internal/program", "internal/petri", "internal/expr", "workflow/history"},
		pure:    true,
	},
	"migrate": {
		imports: []string{"internal/kernel", "internal/program", "internal/petri", "internal/expr", "internal/ltlf", "workflow/schema", "workflow/history"},
		pure:    true,
	},

	// Bytes, and whose they are.
	"internal/rawpebble": {outside: []string{pebble}},
	"store":              {imports: []string{"internal/rawpebble"}, outside: []string{pebble}},
	"store/storetest":    {imports: []string{"store"}},
	"tenant":             {imports: []string{"store", "internal/keys"}},

	// Goroutines, time, ids, spans.
	"workflow": {
		imports: []string{
			"migrate", "tenant", "store", "workflow/schema", "workflow/history", "internal/kernel", "internal/codec",
			"internal/keys", "internal/program", "internal/petri", "internal/expr", "internal/period", "internal/nearest", "internal/ltlf",
		},
		outside: []string{otel, "github.com/oklog/ulid/v2"},
	},
	"workflow/workflowtest": {imports: []string{"workflow", "workflow/schema", "workflow/history", "store", "tenant", "migrate"}},
	"workflow/bpmn":         {imports: []string{"workflow/schema", "internal/translate", "internal/expr", "internal/diagram", "internal/layout"}},
	"internal/diagram":      {imports: []string{"workflow/schema", "internal/layout"}, pure: true},
	"workflow/picture":      {imports: []string{"workflow/schema", "workflow/history", "internal/diagram", "internal/layout"}, pure: true},
	"workflow/choreography": {imports: []string{"workflow/schema", "workflow/history"}, later: true},
	"workflow/cmd/replank": {
		imports: []string{
			"workflow", "workflow/schema", "workflow/history", "workflow/bpmn", "workflow/picture", "workflow/choreography", "migrate", "tenant", "store",
			"internal/kernel", "internal/program", "internal/expr", "internal/typed", // check makes an instance do what a trace says
		},
		outside: []string{"github.com/aymanbagabas/go-udiff"}, // fmt -d
	},

	// Programs. They use what any program can use; eventlog also reads logs.
	"examples/first":      {imports: public},
	"examples/quickstart": {imports: public},
	"examples/typed":      {imports: public},
	"examples/testing":    {imports: public},
	"examples/eventlog":   {imports: append([]string{"internal/xes"}, public...)},

	"internal/lint": {},
}

var public = []string{
	"workflow", "workflow/schema", "workflow/history", "workflow/workflowtest", "migrate", "tenant", "store",
}

const (
	celGo  = "github.com/google/cel-go"
	pebble = "github.com/cockroachdb/pebble"
	otel   = "go.opentelemetry.io/otel"
)

// owned modules may be touched by these rooms only, in tests too, so that
// following or replacing one of them stays a change in one place.
var owned = map[string][]string{
	celGo:                {"internal/expr"},
	"cel.dev/":           {"internal/expr"},
	pebble:               {"store", "store/storetest", "internal/rawpebble"},
	otel:                 {"workflow"},
	"go.yaml.in/yaml/v3": {"workflow/schema"},
}

// trusted are the rooms that pure rooms may stand on although they are not held
// to the rules of purity line by line: reading a schema is deterministic, but
// the YAML reader under it is not ours to check.
var trusted = map[string]bool{"workflow/schema": true}
