// Package period is ISO 8601 durations as durable data: calendar years, months and days, and exact time.
package period

import "time"

// Period is an ISO 8601 duration. Years, months and days are added in a calendar, in the zone of the time they are
// added to: 31 January plus one month is the last of February. The zero Period is no time at all.
type Period struct {
	Years, Months, Days int
	Rest                time.Duration
	Work                bool // counts working time only
}
