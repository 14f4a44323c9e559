package bpmn

import "encoding/json"

// This file knows that an event of a race is to BPMN, and so to the import, a step that waits behind a gateway.

// waits are the keys of a step that waits, with those of an event of a race of each kind.
var waits = map[string]map[string]string{
	"message":   {"message": "name"},
	"signal":    {"signal": "name"},
	"timer":     {"for": "after", "until": "at"},
	"condition": {"condition": "when"},
}

// raced reports whether a step that the import reads as one that waits is an event of a race of ours.
func raced(ours, read object) bool { return waits[is(ours)] != nil && is(read) == "wait" }

// asEvent is a step that waits as the event of a race that it is in ours.
func asEvent(ours, step object) object {
	o := object{}
	for key, value := range step { //lint:sorted each is on its own
		if event := waits[is(ours)][key]; event != "" {
			key = event
		}
		o[key] = value
	}
	if step["is"] != nil {
		o["is"] = ours["is"]
	}
	return o
}

// asWait is the event of a race of ours as the step that waits.
func asWait(ours, event object, name string) object {
	o := object{}
	for key, value := range event { //lint:sorted each is on its own
		for wait, same := range waits[is(ours)] { //lint:sorted at most one is it
			if same == key {
				key = wait
				break
			}
		}
		o[key] = value
	}
	if kind := is(ours); (kind == "message" || kind == "signal") && o[kind] == nil {
		o[kind] = json.RawMessage(asText(name)) // what it waits for is called as the event
	}
	return o
}
