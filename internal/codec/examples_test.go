package codec

import (
	"fmt"
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/workflow/history"
)

// An example of each record: what it costs (budget_test.go), and what a release leaves behind (corpus_test.go).
type example struct {
	name   string
	budget int // bytes
	encode func() []byte
	decode func(b []byte) (string, error) // and describe
}

const day = 24 * 60 * 60 * 1000 // milliseconds

var asked = int64(1_800_000_000_000) // a moment in 2027

var loanShape = Shape{Places: 58, Nodes: 24, Slots: 11, Loops: 1, Witnesses: 1}

// sampleLoan is a consumer loan that waits for the customer's signature, for at most 90 days: eleven variables of which
// ten are written, the first loop done, the clerk remembered whom a four-eyes rule asks for. No history tail.
func sampleLoan() (*Head, Shape) {
	s := &kernel.State{
		Status: kernel.Running, Seq: 41, Created: asked - 20*day, Updated: asked,
		Scope: kernel.Scope{
			Marking: petri.Marking{1<<44 | 1<<45 | 1<<46},
			Slots:   []uint64{1, 1, 5, 9, 18, 21, 24, 27, 32, 36, 0},
			Works: []kernel.Work{
				{Node: 19, Since: 40, At: asked},
				{Node: 20, Since: 41, At: asked, Due: asked + 90*day},
			},
			Loops: make([]kernel.Loop, 1),
			Key:   kernel.Digest{Lo: 0x9e3779b97f4a7c15, Hi: 0xbf58476d1ce4e5b9},
			Order: kernel.Digest{Lo: 0x94d049bb133111eb, Hi: 0xd6e8feb86659fd93},
		},
		Actors: []string{"clerk-17"},
	}
	return &Head{Process: 1, Version: 1, State: s, BusinessKey: "loan-2027-000123"}, loanShape
}

// fullLoan is a head in which nothing is empty.
func fullLoan() (*Head, Shape) {
	h, sh := sampleLoan()
	s := h.State
	s.Epoch = 2
	s.Works = append(s.Works,
		kernel.Work{Node: 21, Since: 39, At: asked - day, Due: asked + 5000, Attempt: 2, Job: true, Started: true, Actor: "ann"},
		kernel.Work{Node: 22, Since: 38, At: asked - 2*day, Incident: true, Key: "no such account"})
	s.Loops[0] = kernel.Loop{Iteration: 3, Acc: kernel.Digest{Lo: 1, Hi: 2}, Wrote: kernel.Bits{}.Set(2)}
	s.Superseded, s.EnvWritten = kernel.Bits{}.Set(0), kernel.Bits{}.Set(3)
	s.Tags = []kernel.Tag{{Place: 44, Pos: 30, Debts: []uint64{7, 9}}}
	s.Children = []kernel.Children{{Node: 5, Open: 3, Next: 10_000}}
	h.Labels = map[string]string{"region": "north", "branch": "7"}
	h.Priority, h.Due = 3, asked+30*day
	events := sampleEvents()
	for i := range events {
		events[i].Seq = s.Seq - uint64(len(events)) + 1 + uint64(i)
		h.Tail.Append(&events[i])
	}
	return h, sh
}

// sampleEvents are a data-less event, one that armed a timer, and one with everything.
func sampleEvents() []kernel.Event {
	return []kernel.Event{
		{Seq: 1, At: asked + day, Kind: history.Started, Node: 19, Actor: "ann"},
		{Seq: 2, At: asked + day, Kind: history.Armed, Node: 20, Due: asked + 91*day},
		{
			Seq: 3, At: asked + 2*day, Kind: history.Completed, Node: 3, Flows: 2, Attempt: 1, Due: asked + 3*day, Actor: "bob",
			Key: "A-1", Code: "refused", Note: "no reason", Wrote: []kernel.Write{
				{Slot: 1, Value: value(map[string]any{"name": "Ann", "income": 5200.5})},
				{Slot: 4, Value: value(true)},
				{Slot: 9, Value: value(make([]byte, 2*LargeValue))},
			},
		},
	}
}

// onlyEvent is the encoding of one event that follows another by gap milliseconds.
func onlyEvent(e kernel.Event, gap int64) []byte {
	var tail Tail
	tail.Reset(e.Seq, e.At-gap)
	tail.Append(&e)
	return tail.Bytes
}

func describeHead(sh Shape) func([]byte) (string, error) {
	return func(b []byte) (string, error) {
		var h Head
		if err := DecodeHead(b, sh, &h); err != nil {
			return "", err
		}
		s := h.State
		text := fmt.Sprintf("process %d version %d key %q labels %v priority %d due %d\n", h.Process, h.Version, h.BusinessKey, h.Labels, h.Priority, h.Due)
		text += fmt.Sprintf("status %d epoch %d seq %d created %d updated %d actors %q children %+v\n", s.Status, s.Epoch, s.Seq, s.Created, s.Updated, s.Actors, s.Children)
		text += describeScope(&s.Scope) + describeTail(&h.Tail)
		if len(s.Rules) > 0 {
			text += fmt.Sprintf("rules %v\n", s.Rules)
		}
		if len(h.Moves) > 0 {
			text += fmt.Sprintf("moves %v\n", h.Moves)
		}
		return text, nil
	}
}

func describeScope(s *kernel.Scope) string {
	return fmt.Sprintf("marking %x slots %v\nworks %+v\nloops %v key %v order %v superseded %x env %x tags %v\n",
		[]uint64(s.Marking), s.Slots, s.Works, describeLoops(s.Loops), s.Key, s.Order, []uint64(s.Superseded), []uint64(s.EnvWritten), s.Tags)
}

func describeLoops(loops []kernel.Loop) string {
	var parts []string
	for _, l := range loops {
		parts = append(parts, fmt.Sprintf("{%d %v %x}", l.Iteration, l.Acc, []uint64(l.Wrote)))
	}
	return strings.Join(parts, " ")
}

func describeTail(t *Tail) string {
	var sb strings.Builder
	for e, err := range t.Events(func(slot int32, version uint64) (expr.Value, error) { return value("large"), nil }) {
		if err != nil {
			fmt.Fprintln(&sb, err)
			break
		}
		fmt.Fprintf(&sb, "event %d %d %v node %d flows %d attempt %d due %d actor %q key %q code %q note %q wrote %v\n",
			e.Seq, e.At, e.Kind, e.Node, e.Flows, e.Attempt, e.Due, e.Actor, e.Key, e.Code, e.Note, e.Wrote)
		if e.Rules != nil {
			fmt.Fprintf(&sb, "  rules %v\n", e.Rules)
		}
		if e.Move != nil {
			fmt.Fprintf(&sb, "  move %+v\n", *e.Move)
		}
	}
	return sb.String()
}

// described adapts a plain decoder.
func described[T any](decode func([]byte) (T, error)) func([]byte) (string, error) {
	return func(b []byte) (string, error) {
		v, err := decode(b)
		return fmt.Sprintf("%+v\n", v), err
	}
}

func describeChunk(b []byte) (string, error) {
	var t Tail
	err := DecodeChunk(b, 1, &t)
	return describeTail(&t), err
}

func encodeHead(h *Head, _ Shape) func() []byte { return func() []byte { return AppendHead(nil, h) } }

func encodeChunk(n int) func() []byte {
	return func() []byte {
		var t Tail
		for _, e := range sampleEvents()[:n] {
			t.Append(&e)
		}
		return AppendChunk(nil, &t)
	}
}

// movedLoan is the sample loan after it moved to version 2: its tail is the move, with all that was written.
func movedLoan() (*Head, Shape) {
	h, sh := sampleLoan()
	h.Version, h.Moves = 2, []Moved{{h.State.Seq, 1}}
	e := migrated()
	e.Seq = h.State.Seq
	h.Tail.Append(&e)
	return h, sh
}

func migrated() kernel.Event {
	return kernel.Event{
		Seq: 1, At: asked, Kind: history.Migrated, Node: -1, Actor: "eve",
		Wrote: []kernel.Write{{Slot: 0, Value: value(map[string]any{"name": "Ann", "income": 5200.5})}, {Slot: 1, Value: value(80_000)}},
		Move: &kernel.Move{
			From: 1, To: 2, Criteria: 6, Timers: 1, Rename: []kernel.Renaming{{Old: "check", New: "examine"}},
			Dropped: []uint64{7, 8, 12}, Order: []uint64{5, 20, 18, 300}, Dues: []kernel.Due{{Node: 20, At: asked + 91*day}},
		},
	}
}

// ruledShape is loanShape with three rules.
var ruledShape = func() Shape {
	sh := loanShape
	sh.Rules = []int{3, 2, 300}
	return sh
}()

// ruledLoan is the sample loan with the states of three rules.
func ruledLoan() (*Head, Shape) {
	h, _ := sampleLoan()
	h.State.Rules = []uint16{2, 0, 299}
	return h, ruledShape
}

var instance = [16]byte{1, 0x9f, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

var examples = []example{
	{"head-loan-at-sign", 106, encodeHead(sampleLoan()), describeHead(loanShape)},
	{"head-nothing-empty", 320, encodeHead(fullLoan()), describeHead(loanShape)},
	{"head-w1-one-job", 54, func() []byte {
		return AppendHead(nil, &Head{Process: 1, Version: 1, State: &kernel.State{
			Status: kernel.Running, Seq: 6, Created: asked, Updated: asked + 1,
			Scope: kernel.Scope{
				Marking: petri.Marking{1 << 5}, Works: []kernel.Work{{Node: 2, Since: 6, At: asked + 1, Started: true, Job: true}},
				Key: kernel.Digest{Lo: 3, Hi: 4}, Order: kernel.Digest{Lo: 5, Hi: 6},
			},
		}})
	}, describeHead(Shape{Places: 12, Nodes: 6})},
	{"head-ended", 50, func() []byte {
		return AppendHead(nil, &Head{Process: 1, Version: 1, State: &kernel.State{
			Status: kernel.Completed, Seq: 12, Created: asked, Updated: asked + day,
			Scope: kernel.Scope{Key: kernel.Digest{Lo: 3, Hi: 4}, Order: kernel.Digest{Lo: 5, Hi: 6}},
		}})
	}, describeHead(Shape{Places: 12, Nodes: 6})},
	{"child-scope", 55, func() []byte {
		return AppendChild(nil, &Child{Seq: 900, Updated: asked, Scope: kernel.Scope{
			Marking: petri.Marking{1 << 50}, Slots: []uint64{0, 0, 0, 880}, Works: []kernel.Work{{Node: 9, Since: 900, At: asked}},
			Key: kernel.Digest{Lo: 3, Hi: 4}, Order: kernel.Digest{Lo: 5, Hi: 6},
		}})
	}, func(b []byte) (string, error) {
		var c Child
		err := DecodeChild(b, loanShape, &c)
		return fmt.Sprintf("seq %d updated %d\n%s", c.Seq, c.Updated, describeScope(&c.Scope)), err
	}},
	{"slot-page", 70, func() []byte {
		slots := make([]uint64, HeadSlots+2*PageSlots)
		for i := range slots {
			slots[i] = uint64(i % 100)
		}
		return AppendSlotPage(nil, slots, 1)
	}, func(b []byte) (string, error) {
		slots := make([]uint64, HeadSlots+2*PageSlots)
		err := DecodeSlotPage(b, slots, 1)
		return fmt.Sprintln(slots[HeadSlots+PageSlots:]), err
	}},
	{"history-two-events", 24, encodeChunk(2), describeChunk},
	{"history-three-events", 110, encodeChunk(3), describeChunk},
	{"head-moved", 196, encodeHead(movedLoan()), describeHead(loanShape)},
	{"history-migrated", 92, func() []byte {
		var t Tail
		e := migrated()
		t.Append(&e)
		return AppendChunk(nil, &t)
	}, describeChunk},
	{"head-rules", 111, encodeHead(ruledLoan()), describeHead(ruledShape)},
	{"history-migrated-rules", 26, func() []byte {
		var t Tail
		t.Append(&kernel.Event{
			Seq: 1, At: asked, Kind: history.Migrated, Node: -1, Move: &kernel.Move{From: 1, To: 2, Criteria: 6}, Rules: []uint16{2, 0, 299},
		})
		return AppendChunk(nil, &t)
	}, describeChunk},
	{"large-value", 2060, func() []byte {
		b, _ := AppendLarge(nil, value(strings.Repeat("x", 2*LargeValue)))
		return b
	}, described(DecodeLarge)},
	{"process-id", 2, func() []byte { return AppendProcessID(nil, 1) }, described(DecodeProcessID)},
	{"process", 8, func() []byte { return AppendProcess(nil, &Process{ID: "loan", Latest: 3, Current: 2}) }, described(DecodeProcess)},
	{"schema-version", 76, func() []byte {
		return AppendVersion(nil, &Version{
			Process: "loan", Layout: 1, Digest: [32]byte{1, 2, 3}, Deployed: asked, Actor: "eve", Retired: true,
			Name: "loan.yaml", Source: []byte("process: loan\n"),
		})
	}, described(DecodeVersion)},
	{"migration", 76, func() []byte {
		return AppendMigration(nil, &Migration{
			Process: 1, To: 3, From: []uint32{1, 2}, Criteria: 14, Timers: 1, Rename: []kernel.Renaming{{Old: "check", New: "examine"}},
			Only: []byte(`{"Key":"L-1"}`), Actor: "eve", Began: asked, Done: asked + day, Cursor: instance,
			Total: 10_000, Moved: 9_812, Later: 150, Unwind: 1, Never: 37, Failed: 0,
		})
	}, described(DecodeMigration)},
	{"task", 16, func() []byte {
		return AppendTask(nil, &Task{Process: 1, Version: 2, Since: 40, Started: true, Actor: "clerk-17", Priority: 1})
	}, described(DecodeTask)},
	{"timer", 2, func() []byte { return AppendTimer(nil, 41) }, described(DecodeTimer)},
	{"subscription", 2, func() []byte { return AppendSubscription(nil, 41) }, described(DecodeSubscription)},
	{"incident", 3, func() []byte { return AppendIncident(nil, 1, 41) }, func(b []byte) (string, error) {
		process, since, err := DecodeIncident(b)
		return fmt.Sprintln(process, since), err
	}},
	{"business-key", 17, func() []byte { return AppendBusinessKey(nil, instance) }, described(DecodeBusinessKey)},
	{"message", 30, func() []byte {
		return AppendMessage(nil, &Message{ID: "m-1", Received: asked, Expires: asked + day, Data: value(map[string]any{"value": 95000})})
	}, described(DecodeMessage)},
	{"message-id", 26, func() []byte {
		return AppendSeen(nil, &Seen{Expires: asked, Kept: true, Instances: [][16]byte{instance}})
	}, described(DecodeSeen)},
}

// formats are the record kinds that the examples show.
func formats() map[byte]bool {
	seen := map[byte]bool{}
	for _, e := range examples {
		seen[e.encode()[0]] = true
	}
	return seen
}
