package workflow

import (
	"fmt"
	"log/slog"
	"runtime"
	"time"
)

// Options configure an engine. Nil and the zero Options are good; each field says what its zero means.
type Options struct {
	Workers      int            // handlers that run at once; 0: 16 per CPU
	Queue        int            // commands waiting per shard before ErrOverloaded; 0: 1024
	CacheBytes   int64          // live instances kept in memory; 0: 64 MiB
	MessageTTL   time.Duration  // how long a Message without TTL is kept; 0: 24 h, negative: not at all
	Limits       Limits         // zero: the documented limits
	Location     *time.Location // of a tenant without one; nil: UTC
	Middleware   []Middleware   // around every handler, first is outermost
	AllowMissing bool           // Start succeeds though live instances lack handlers; their jobs become incidents
	NoDefault    bool           // there is no default tenant
	NoSync       bool           // a power cut may lose the last steps, never their order
	Logger       *slog.Logger   // nil: slog.Default
}

const defaultMessageTTL = 24 * time.Hour

// Limits are refused early, by name, with ErrLimit; 0: the documented default, negative: none (values and messages end
// at 64 MiB all the same).
type Limits struct {
	ValueBytes   int // one variable, encoded; 0: 1 MiB
	Vars         int // variables of one process, those of its sub-processes included; 0: 1000
	Nodes        int // nodes of one process; 0: 10,000
	MessageBytes int // data of one message, encoded; 0: 1 MiB
}

// settings are Options with every default filled in.
type settings struct {
	Options
}

// check refuses what no field means.
func (o *Options) check() error {
	if o == nil {
		return nil
	}
	for _, f := range [...]struct {
		name  string
		value int64
	}{{"Workers", int64(o.Workers)}, {"Queue", int64(o.Queue)}, {"CacheBytes", o.CacheBytes}} {
		if f.value < 0 {
			return fmt.Errorf("field Options.%s is %d: want 0 for the default, or more", f.name, f.value)
		}
	}
	return nil
}

func (o *Options) resolve() settings {
	var s settings
	if o != nil {
		s.Options = *o
	}
	orDefault(&s.Workers, 16*runtime.NumCPU())
	orDefault(&s.Queue, 1024)
	orDefault(&s.CacheBytes, 64<<20)
	orDefault(&s.MessageTTL, defaultMessageTTL)
	orDefault(&s.Limits.ValueBytes, 1<<20)
	orDefault(&s.Limits.Vars, 1000)
	orDefault(&s.Limits.Nodes, 10_000)
	orDefault(&s.Limits.MessageBytes, 1<<20)
	if s.Location == nil {
		s.Location = time.UTC
	}
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	return s
}

func orDefault[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// Bounds that no option lifts.
const (
	maxRecord = 64 << 20 // bytes of one variable or message: a record of the store must hold it
	maxText   = 1 << 10  // bytes of what becomes part of a key or of every record of an instance
	maxLabels = 32
)

// exceeds reports whether size is over a resolved limit.
func exceeds(size, limit int) bool {
	return size > maxValue(limit)
}

// maxValue is the bound on one variable for the kernel, from Limits.ValueBytes.
func maxValue(limit int) int {
	if limit < 0 {
		return maxRecord
	}
	return limit
}

// checkText refuses a text that is too long to be part of a key: a business key, a user's name, a label, the name, key
// or id of a message.
func checkText(what, s string) error {
	if len(s) <= maxText {
		return nil
	}
	return explain(ErrLimit, fmt.Sprintf("%s has %d bytes, the limit is %d", what, len(s), maxText))
}
